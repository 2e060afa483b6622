//! Reads what a server shows back into the types of the ledger.

use std::time::Duration;

use usher::ids::{DeviceId, OrganizationId, PoolId, SessionId, TenantId, UserId};
use usher::ledger::change::{BlockCause, Limit, Plan, Profile};
use usher::ledger::outcome::{
    CheckedIn, Denial, DenialReason, HeartbeatResult, Lease, Notice, PoolUsage, SeatView, SessionEndReason,
    SessionView, Status, UserView,
};
use usher::ledger::time::WallTime;
use usher::proto::v1;

use crate::scenarios::answers::{denied, ended};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub fn duration(given: prost_types::Duration) -> Duration {
    given.try_into().expect("no negative duration")
}

pub fn wall(given: prost_types::Timestamp) -> WallTime {
    WallTime(given.seconds * 1_000 + i64::from(given.nanos) / 1_000_000)
}

pub fn organization_id(id: &str) -> Option<OrganizationId> {
    (!id.is_empty()).then(|| OrganizationId::stored(id))
}

fn session_id(id: &str) -> Option<SessionId> {
    SessionId::parse(id).ok()
}

pub fn lease(lease: v1::Lease) -> Lease {
    Lease {
        session: session_id(&lease.session_id),
        tenant: TenantId::stored(&lease.tenant_id),
        pool: PoolId::stored(&lease.pool_id),
        user: UserId::stored(&lease.user_id),
        device: DeviceId::stored(&lease.device_id),
        organization: organization_id(&lease.organization_id),
        started: lease.started_at.map(wall).unwrap_or_default(),
        ttl: lease.ttl.map(duration),
        heartbeat_interval: lease.heartbeat_interval.map(duration),
        remaining: lease.remaining.map(duration).unwrap_or_default(),
        idle_timeout: lease.idle_timeout.map(duration),
        renewed: lease.renewed,
    }
}

pub fn denial_reason(reason: v1::DenialReason) -> DenialReason {
    let name = reason.as_str_name().trim_start_matches("DENIAL_REASON_");
    DenialReason::ALL.into_iter().find(|reason| denied(*reason) == name).expect("a reason of the ledger")
}

pub fn denial(denial: v1::Denial) -> Denial {
    Denial {
        reason: denial_reason(denial.reason()),
        retry_after: denial.retry_after.map(duration),
        alternatives: denial.alternatives.iter().map(alternative).collect(),
        own_sessions: denial.own_sessions.into_iter().map(session).collect(),
        own_session_count: denial.own_session_count as usize,
    }
}

fn alternative(denial: &v1::AlternativeDenial) -> (PoolId, DenialReason) {
    (PoolId::stored(&denial.pool_id), denial_reason(denial.reason()))
}

/// `None`: the record of the session is no longer kept.
pub fn end_reason(reason: v1::SessionEndReason) -> Option<SessionEndReason> {
    let name = reason.as_str_name().trim_start_matches("SESSION_END_REASON_");
    SessionEndReason::ALL.into_iter().find(|reason| ended(Some(*reason)) == name)
}

pub fn checked_in(ended_now: bool, reason: v1::SessionEndReason) -> CheckedIn {
    CheckedIn { ended_now, reason: end_reason(reason) }
}

pub fn beat(result: v1::HeartbeatResult) -> HeartbeatResult {
    use v1::heartbeat_result::Outcome;
    match result.outcome {
        Some(Outcome::Lease(kept)) => HeartbeatResult::Kept(lease(kept)),
        Some(Outcome::Ended(ended)) => HeartbeatResult::Ended(end_reason(ended.reason()).zip(ended.ended_at.map(wall))),
        None => HeartbeatResult::Ended(None),
    }
}

pub fn session(session: v1::Session) -> SessionView {
    SessionView {
        id: session_id(&session.session_id).expect("a session's id"),
        status: status(session.status()).expect("a session's status"),
        user: UserId::stored(&session.user_id),
        pool: PoolId::stored(&session.pool_id),
        organization: organization_id(&session.organization_id),
        device: DeviceId::stored(&session.device_id),
        client: session.client.as_str().into(),
        started: session.started_at.map(wall).unwrap_or_default(),
        last_activity: session.last_activity_at.map(wall).unwrap_or_default(),
        idle: session.idle.map(duration).unwrap_or_default(),
        administrator: session.administrator,
    }
}

/// `None`: blank.
fn status(status: v1::UserStatus) -> Option<Status> {
    match status {
        v1::UserStatus::Unspecified => None,
        v1::UserStatus::Active => Some(Status::Active),
        v1::UserStatus::Away => Some(Status::Away),
        v1::UserStatus::Idle => Some(Status::Idle),
        v1::UserStatus::Inactive => Some(Status::Inactive),
    }
}

pub fn limit(number: u64, unlimited: bool) -> Limit {
    if unlimited { Limit::Unlimited } else { Limit::Seats(number) }
}

pub fn plan(plan: v1::Plan) -> Plan {
    if plan == v1::Plan::Named { Plan::Named } else { Plan::Concurrent }
}

pub fn pool_usage(usage: v1::PoolUsage) -> PoolUsage {
    PoolUsage {
        pool: PoolId::stored(&usage.pool_id),
        plan: plan(usage.plan()),
        limit: limit(usage.limit, usage.unlimited),
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

pub fn notice(notice: &v1::Notice) -> Notice {
    match notice.code() {
        v1::NoticeCode::LicenseExpired => Notice::LicenseExpired,
        v1::NoticeCode::LicenseExpiring => Notice::LicenseExpiring(days(&notice.message) * DAY),
        v1::NoticeCode::OverLimit => Notice::OverLimit,
        v1::NoticeCode::Overdraft => Notice::Overdraft,
        v1::NoticeCode::DemoMode => Notice::DemoMode,
        v1::NoticeCode::ClockSuspect => Notice::ClockSuspect,
        v1::NoticeCode::Unspecified => panic!("a notice without a code: {notice:?}"),
    }
}

/// The number in `The license expires in 5 days.`; only the text tells it.
fn days(message: &str) -> u32 {
    message.split(' ').find_map(|word| word.parse().ok()).unwrap_or(0)
}

pub fn seat(seat: v1::Seat) -> SeatView {
    let named = seat.organization_ids.iter().map(|id| OrganizationId::stored(id)).collect();
    SeatView {
        user: UserId::stored(&seat.user_id),
        pool: PoolId::stored(&seat.pool_id),
        active: seat.active,
        over_limit: seat.over_limit,
        organizations: (!seat.all_organizations).then_some(named),
        organization_count: seat.organization_count as usize,
        granted: seat.granted_at.map(wall).unwrap_or_default(),
    }
}

pub fn user(user: v1::User) -> UserView {
    UserView {
        blocked: match user.block_cause() {
            v1::BlockCause::Unspecified => None,
            v1::BlockCause::Administrator => Some(BlockCause::Administrator),
            v1::BlockCause::LicenseLimit => Some(BlockCause::LicenseLimit),
            v1::BlockCause::Directory => Some(BlockCause::Directory),
        },
        status: status(user.status()),
        id: UserId::stored(&user.user_id),
        profile: Profile {
            given_name: user.given_name.into(),
            family_name: user.family_name.into(),
            groups: user.groups.into_iter().map(Into::into).collect(),
            attributes: Vec::new(),
        },
        administrator: user.administrator,
        seats: user.seats.into_iter().map(seat).collect(),
        default_organization: organization_id(&user.default_organization_id),
        last_sign_in: user.last_sign_in_at.map(wall),
        last_activity: user.last_activity_at.map(wall),
        created: user.created_at.map(wall).unwrap_or_default(),
        version: user.etag.parse().expect("an etag"),
    }
}
