//! Renders answers of SeatService. Check-out, check-in and heartbeat are the hot path: strings are copied once, and a
//! "yes" formats nothing.

use super::session::{ended, session, session_id};
use super::texts;
use super::time::{duration, timestamp};
use crate::ids::{OrganizationId, PoolId};
use crate::ledger::change::Limit;
use crate::ledger::outcome::{
    CheckedIn, CheckedOut, Denial, DenialReason, Granted, HeartbeatResult, Lease, Notice, PoolUsage, Revoked, SeatView,
};
use crate::proto::v1;
use crate::service::names::{denial_reason, plan, session_end_reason};

pub fn checked_out(answer: CheckedOut) -> v1::CheckOutResponse {
    use v1::check_out_response::Outcome;
    let outcome = match answer.decision {
        Ok(granted) => Outcome::Lease(lease(granted)),
        Err(denied) => Outcome::Denial(denial(denied, answer.usage.as_ref())),
    };
    let rendered = |rendered: &Notice| notice(*rendered, answer.usage.as_slice());
    v1::CheckOutResponse {
        outcome: Some(outcome),
        notices: answer.notices.iter().map(rendered).collect(),
        usage: answer.usage.map(pool_usage),
    }
}

pub fn checked_in(answer: CheckedIn) -> v1::CheckInResponse {
    let reason = answer.reason.map_or(v1::SessionEndReason::Unknown, session_end_reason);
    v1::CheckInResponse { ended_now: answer.ended_now, end_reason: reason.into() }
}

pub fn heartbeat(result: HeartbeatResult) -> v1::HeartbeatResponse {
    use v1::heartbeat_response::Outcome;
    let outcome = match result {
        HeartbeatResult::Kept(kept) => Outcome::Lease(lease(kept)),
        HeartbeatResult::Ended(end) => Outcome::Ended(ended(end)),
    };
    v1::HeartbeatResponse { outcome: Some(outcome) }
}

pub fn granted(answer: Granted) -> v1::GrantSeatResponse {
    use v1::grant_seat_response::Outcome;
    let outcome = match answer.decision {
        Ok(granted) => Outcome::Seat(seat(granted)),
        Err(denied) => Outcome::Denial(denial(denied, answer.usage.as_ref())),
    };
    v1::GrantSeatResponse { outcome: Some(outcome), usage: answer.usage.map(pool_usage) }
}

pub fn revoked(answer: Revoked) -> v1::RevokeSeatResponse {
    let Revoked { seat: left, revoked_now, usage } = answer;
    v1::RevokeSeatResponse { usage: Some(pool_usage(usage)), seat: left.map(seat), revoked_now }
}

pub fn lease(lease: Lease) -> v1::Lease {
    v1::Lease {
        session_id: lease.session.map(session_id).unwrap_or_default(),
        tenant_id: text(lease.tenant.as_str()),
        pool_id: text(lease.pool.as_str()),
        user_id: text(lease.user.as_str()),
        device_id: text(lease.device.as_str()),
        organization_id: organization_id(lease.organization.as_ref()),
        started_at: Some(timestamp(lease.started)),
        ttl: lease.ttl.map(duration),
        heartbeat_interval: lease.heartbeat_interval.map(duration),
        remaining: Some(duration(lease.remaining)),
        idle_timeout: lease.idle_timeout.map(duration),
        renewed: lease.renewed,
    }
}

/// Renders a denial. `usage`: usage of the pool that it concerns.
pub fn denial(denial: Denial, usage: Option<&PoolUsage>) -> v1::Denial {
    v1::Denial {
        reason: denial_reason(denial.reason).into(),
        message: texts::denial(denial.reason, usage),
        retry_after: denial.retry_after.map(duration),
        own_sessions: denial.own_sessions.into_iter().map(session).collect(),
        own_session_count: count(denial.own_session_count),
        alternatives: denial.alternatives.into_iter().map(alternative).collect(),
    }
}

fn alternative((pool, reason): (PoolId, DenialReason)) -> v1::AlternativeDenial {
    v1::AlternativeDenial { pool_id: text(pool.as_str()), reason: denial_reason(reason).into() }
}

fn count(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

pub fn pool_usage(usage: PoolUsage) -> v1::PoolUsage {
    let (limit, unlimited) = number(usage.limit);
    v1::PoolUsage {
        pool_id: text(usage.pool.as_str()),
        plan: plan(usage.plan).into(),
        limit,
        unlimited,
        in_use: usage.in_use,
        over: usage.over,
        active: usage.active,
        idle: usage.idle,
        granted: usage.granted,
        demo: usage.demo,
        free: usage.free,
        overdraft: usage.overdraft,
        overdraft_in_use: usage.overdraft_in_use,
    }
}

/// Returns the number of a limit, and whether it is unlimited; then the number is 0.
pub fn number(limit: Limit) -> (u64, bool) {
    match limit {
        Limit::Seats(number) => (number, false),
        Limit::Unlimited => (0, true),
    }
}

/// Renders a notice. `pools`: the pools that it can concern.
pub fn notice(notice: Notice, pools: &[PoolUsage]) -> v1::Notice {
    let code = match notice {
        Notice::LicenseExpired => v1::NoticeCode::LicenseExpired,
        Notice::LicenseExpiring(_) => v1::NoticeCode::LicenseExpiring,
        Notice::OverLimit => v1::NoticeCode::OverLimit,
        Notice::Overdraft => v1::NoticeCode::Overdraft,
        Notice::DemoMode => v1::NoticeCode::DemoMode,
        Notice::ClockSuspect => v1::NoticeCode::ClockSuspect,
    };
    v1::Notice { code: code.into(), message: texts::notice(notice, pools) }
}

pub fn seat(seat: SeatView) -> v1::Seat {
    v1::Seat {
        user_id: text(seat.user.as_str()),
        pool_id: text(seat.pool.as_str()),
        active: seat.active,
        over_limit: seat.over_limit,
        all_organizations: seat.organizations.is_none(),
        organization_count: count(seat.organization_count),
        organization_ids: seat.organizations.iter().flatten().map(|id| text(id.as_str())).collect(),
        granted_at: Some(timestamp(seat.granted)),
    }
}

pub fn organization_id(id: Option<&OrganizationId>) -> String {
    id.map_or_else(String::new, |id| text(id.as_str()))
}

/// Copies a string, because messages own their strings.
pub fn text(text: &str) -> String {
    text.to_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ids::{DeviceId, PoolId, SessionId, TenantId, UserId};
    use crate::ledger::change::Plan;
    use crate::ledger::outcome::{DenialReason, SessionEndReason};
    use crate::ledger::time::WallTime;

    pub const SESSION: &str = "6f2c1e0a-4a55-4c2b-9d6e-1b7a3c5d7e9f";

    pub fn held(session: Option<SessionId>) -> Lease {
        Lease {
            session,
            tenant: TenantId::stored("acme"),
            pool: PoolId::stored("primary"),
            user: UserId::stored("ann"),
            device: DeviceId::stored("laptop"),
            organization: Some(OrganizationId::stored("north")),
            started: WallTime(1_500),
            ttl: Some(Duration::from_secs(600)),
            heartbeat_interval: Some(Duration::from_secs(200)),
            remaining: Duration::from_millis(35_999_500),
            idle_timeout: Some(Duration::from_secs(900)),
            renewed: false,
        }
    }

    pub fn use_of(pool: &str, in_use: u64, limit: Limit) -> PoolUsage {
        let unused = PoolUsage::unused(PoolId::stored(pool), Plan::Concurrent, limit);
        PoolUsage { in_use, over: 1, active: 2, idle: 3, granted: 4, demo: true, ..unused }
    }

    #[test]
    fn a_lease_has_durations_from_now_on() {
        let id = SessionId::parse(SESSION).unwrap();
        let answer = CheckedOut {
            decision: Ok(held(Some(id))),
            usage: Some(use_of("primary", 1, Limit::Seats(5))),
            notices: vec![Notice::DemoMode],
        };
        let rendered = checked_out(answer);
        let Some(v1::check_out_response::Outcome::Lease(lease)) = rendered.outcome else { panic!("must be a lease") };
        assert_eq!((lease.session_id.as_str(), lease.organization_id.as_str()), (SESSION, "north"));
        assert_eq!(lease.ttl, Some(prost_types::Duration { seconds: 600, nanos: 0 }));
        assert_eq!(lease.remaining, Some(prost_types::Duration { seconds: 35_999, nanos: 500_000_000 }));
        assert_eq!(lease.idle_timeout, Some(prost_types::Duration { seconds: 900, nanos: 0 }));
        assert_eq!(rendered.notices[0].code(), v1::NoticeCode::DemoMode);
        assert_eq!(rendered.usage.unwrap().limit, 5);
    }

    #[test]
    fn a_check_has_no_session_and_an_endless_lease_no_heartbeat() {
        let lease =
            lease(Lease { ttl: None, heartbeat_interval: None, idle_timeout: None, organization: None, ..held(None) });
        assert_eq!((lease.session_id.as_str(), lease.organization_id.as_str()), ("", ""));
        assert_eq!((lease.ttl, lease.heartbeat_interval, lease.idle_timeout), (None, None, None));
    }

    #[test]
    fn a_denial_is_an_answer() {
        let denied =
            Denial { retry_after: Some(Duration::from_secs(9)), ..Denial::because(DenialReason::SeatsExhausted) };
        let usage = Some(use_of("primary", 5, Limit::Seats(5)));
        let rendered = checked_out(CheckedOut { decision: Err(denied), usage, notices: vec![] });
        let Some(v1::check_out_response::Outcome::Denial(denial)) = rendered.outcome else { panic!("must be denied") };
        assert_eq!(denial.reason(), v1::DenialReason::SeatsExhausted);
        assert_eq!(denial.retry_after, Some(prost_types::Duration { seconds: 9, nanos: 0 }));
        assert!(denial.message.contains("5 of 5"), "{}", denial.message);
    }

    #[test]
    fn ends_that_are_remembered_and_ends_that_are_not() {
        let known = CheckedIn { ended_now: false, reason: Some(SessionEndReason::LeaseExpired) };
        assert_eq!(checked_in(known).end_reason(), v1::SessionEndReason::LeaseExpired);
        let unknown = CheckedIn { ended_now: false, reason: None };
        assert_eq!(checked_in(unknown).end_reason(), v1::SessionEndReason::Unknown);
        let rendered = heartbeat(HeartbeatResult::Ended(Some((SessionEndReason::Closed, WallTime(2_000)))));
        let Some(v1::heartbeat_response::Outcome::Ended(end)) = rendered.outcome else { panic!("must have ended") };
        assert_eq!((end.reason(), end.ended_at.unwrap().seconds), (v1::SessionEndReason::Closed, 2));
        let rendered = heartbeat(HeartbeatResult::Ended(None));
        let Some(v1::heartbeat_response::Outcome::Ended(end)) = rendered.outcome else { panic!("must have ended") };
        assert_eq!((end.reason(), end.ended_at), (v1::SessionEndReason::Unknown, None));
    }

    #[test]
    fn unlimited_is_no_number() {
        let usage = pool_usage(use_of("primary", 7, Limit::Unlimited));
        assert_eq!((usage.limit, usage.unlimited, usage.in_use), (0, true, 7));
        assert_eq!((usage.over, usage.active, usage.idle, usage.granted, usage.demo), (1, 2, 3, 4, true));
    }
}
