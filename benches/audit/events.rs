//! Audit events like those of a real service: half of them belong to one large tenant, the others to a thousand small
//! ones.

use std::time::Duration;

use usher::ids::{EventNo, PoolId, SessionId, TenantNo, UserId};
use usher::ledger::change::{Action, Actor, AuditEvent, Reason};
use usher::ledger::outcome::{DenialReason, SessionEndReason};
use usher::ledger::time::WallTime;
use uuid::Uuid;

/// The large tenant (`BUSY`), and a tenant that has three events (`RARE`).
pub const BUSY: TenantNo = TenantNo(1);
pub const RARE: TenantNo = TenantNo(2_000);
/// A user of the large tenant who has three events.
pub const RARE_USER: &str = "rare@example.com";
/// The period in which the events happened.
pub const DAYS: Duration = Duration::from_secs(400 * 24 * 60 * 60);

const SMALL_TENANTS: u64 = 1_000;
const USERS: u64 = 50_000;
/// The time of the last event.
const END: WallTime = WallTime(1_800_000_000_000);

pub fn user(no: u64, tenant: TenantNo) -> Option<UserId> {
    let number = mixed(no) % if tenant == BUSY { USERS } else { 200 };
    Some(UserId::stored(&format!("user-{number}@example.com")))
}

/// Returns event number `no` of `events` events.
pub fn event(no: u64, events: u64) -> AuditEvent {
    let rare = no % (events / 4).max(1);
    let tenant = if mixed(no).is_multiple_of(2) { BUSY } else { TenantNo(2 + (mixed(no) / 2 % SMALL_TENANTS) as u32) };
    let (action, reason) = match mixed(no) / 7 % 20 {
        0 => (Action::CheckOutDenied, Some(Reason::Denied(DenialReason::SeatsExhausted))),
        1 => (Action::SeatGranted, None),
        2..10 => (Action::SessionEnded, Some(Reason::Ended(SessionEndReason::CheckedIn))),
        _ => (Action::SessionStarted, None),
    };
    let passed = DAYS.as_secs_f64() * (1.0 - no as f64 / events as f64);
    let event = AuditEvent {
        no: EventNo(no),
        tenant,
        at: END.minus(Duration::from_secs_f64(passed)),
        actor: Actor("login".into()),
        action,
        reason,
        user: user(no, tenant),
        pool: Some(PoolId::stored("primary")),
        session: Some(SessionId(Uuid::from_u64_pair(no, mixed(no)))),
        organization: None,
        count: 1,
        detail: "".into(),
    };
    // Each rare kind has three events: after a quarter, a half and three quarters of all events.
    match rare {
        1 if no > 1 => AuditEvent { tenant: RARE, ..event },
        2 if no > 2 => AuditEvent { tenant: BUSY, user: Some(UserId::stored(RARE_USER)), ..event },
        3 if no > 3 => AuditEvent {
            tenant: BUSY,
            action: Action::CheckOutDenied,
            reason: Some(Reason::Denied(DenialReason::ClockSuspect)),
            ..event
        },
        _ => event,
    }
}

/// Returns a pseudorandom number that depends on `no` only.
fn mixed(no: u64) -> u64 {
    let bits = (no ^ (no >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    (bits ^ (bits >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53) >> 1
}
