//! Answers of SeatService. Check-out, check-in and heartbeat are the hot path: strings are copied once, and a "yes"
//! formats nothing.

use super::names::{denial_reason, plan, session_end_reason};
use super::session::{ended, session, session_id};
use super::texts;
use super::time::{duration, timestamp};
use crate::ids::{OrganizationId, PoolId, SessionId, UserId};
use crate::ledger::change::Limit;
use crate::ledger::outcome::{
    Beat, CheckedIn, CheckedOut, Denial, Done, Granted, Lease, Notice, PoolUsage, Refusal, Revoked, SeatView,
};
use crate::proto::v1;
use crate::service::parse::Malformed;
use crate::service::status;

pub fn checked_out(answer: CheckedOut) -> v1::CheckOutResponse {
    use v1::check_out_response::Outcome;
    let outcome = match answer.decision {
        Ok(granted) => Outcome::Lease(lease(granted)),
        Err(denied) => Outcome::Denial(denial(denied, answer.usage.as_ref())),
    };
    let told = |told: &Notice| notice(*told, answer.usage.as_slice());
    v1::CheckOutResponse {
        outcome: Some(outcome),
        notices: answer.notices.iter().map(told).collect(),
        usage: answer.usage.map(pool_usage),
    }
}

pub fn checked_in(answer: CheckedIn) -> v1::CheckInResponse {
    let reason = answer.reason.map_or(v1::SessionEndReason::Unknown, session_end_reason);
    v1::CheckInResponse { ended_now: answer.ended_now, end_reason: reason.into() }
}

pub fn heartbeat(beat: Beat) -> v1::HeartbeatResponse {
    use v1::heartbeat_response::Outcome;
    let outcome = match beat {
        Beat::Kept(kept) => Outcome::Lease(lease(kept)),
        Beat::Ended(end) => Outcome::Ended(ended(end)),
    };
    v1::HeartbeatResponse { outcome: Some(outcome) }
}

/// `beats`: the heartbeats as they were sent, but those that are malformed; the answers are in the same order.
pub fn heartbeat_batch(beats: &[SessionId], malformed: &[Malformed], answers: Vec<Beat>) -> v1::BatchHeartbeatResponse {
    use v1::heartbeat_result::Outcome;
    let mut answers = answers.into_iter();
    let result = |id: Result<&SessionId, &Malformed>| {
        let (session_id, answer) = match id {
            Ok(id) => (session_id(*id), answers.next()),
            // No session has such an id.
            Err(other) => (other.given.clone(), Some(Beat::Ended(None))),
        };
        let outcome = answer.map(|answer| match answer {
            Beat::Kept(kept) => Outcome::Lease(lease(kept)),
            Beat::Ended(end) => Outcome::Ended(ended(end)),
        });
        v1::HeartbeatResult { session_id, outcome }
    };
    v1::BatchHeartbeatResponse { results: as_given(beats, malformed).map(result).collect() }
}

pub fn granted(answer: Granted) -> v1::GrantSeatResponse {
    use v1::grant_seat_response::Outcome;
    let outcome = match answer.decision {
        Ok(granted) => Outcome::Seat(seat(granted)),
        Err(denied) => Outcome::Denial(denial(denied, answer.usage.as_ref())),
    };
    v1::GrantSeatResponse { outcome: Some(outcome), usage: answer.usage.map(pool_usage) }
}

/// The answers are in the order of the pairs: pool by pool, and in a pool user by user, but those who are malformed.
pub fn granted_batch(
    pools: &[PoolId],
    users: &[UserId],
    malformed: &[Malformed],
    answers: Vec<Done<Granted>>,
) -> v1::BatchGrantSeatsResponse {
    use v1::grant_seat_result::Outcome;
    let usage = last_usage(users.len(), &answers, |answer| answer.as_ref().ok().and_then(|done| done.usage.as_ref()));
    let outcome = |answer: Done<Granted>| match answer {
        Ok(Granted { decision: Ok(granted), .. }) => Outcome::Seat(seat(granted)),
        Ok(Granted { decision: Err(denied), usage }) => Outcome::Denial(denial(denied, usage.as_ref())),
        Err(refusal) => Outcome::Error(item_error(&refusal)),
    };
    let mut answers = answers.into_iter();
    let result = |(pool, user): (&PoolId, Result<&UserId, &Malformed>)| {
        let (user_id, outcome) = match user {
            Ok(user) => (text(user.as_str()), answers.next().map(outcome)),
            Err(other) => (other.given.clone(), Some(Outcome::Error(no_user(other)))),
        };
        v1::GrantSeatResult { pool_id: text(pool.as_str()), user_id, outcome }
    };
    v1::BatchGrantSeatsResponse { results: pairs(pools, users, malformed).map(result).collect(), usage }
}

pub fn revoked(answer: Revoked) -> v1::RevokeSeatResponse {
    let Revoked { seat: left, revoked_now, usage } = answer;
    v1::RevokeSeatResponse { usage: Some(pool_usage(usage)), seat: left.map(seat), revoked_now }
}

/// The answers are in the order of the pairs: pool by pool, and in a pool user by user, but those who are malformed.
pub fn revoked_batch(
    pools: &[PoolId],
    users: &[UserId],
    malformed: &[Malformed],
    answers: Vec<Done<Revoked>>,
) -> v1::BatchRevokeSeatsResponse {
    use v1::revoke_seat_result::Outcome;
    let usage = last_usage(users.len(), &answers, |answer| answer.as_ref().ok().map(|done| &done.usage));
    let outcome = |answer: Done<Revoked>| match answer {
        Ok(Revoked { seat: left, revoked_now, .. }) => {
            Outcome::Revoked(v1::SeatRevoked { seat: left.map(seat), revoked_now })
        }
        Err(refusal) => Outcome::Error(item_error(&refusal)),
    };
    let mut answers = answers.into_iter();
    let result = |(pool, user): (&PoolId, Result<&UserId, &Malformed>)| {
        let (user_id, outcome) = match user {
            Ok(user) => (text(user.as_str()), answers.next().map(outcome)),
            Err(other) => (other.given.clone(), Some(Outcome::Error(no_user(other)))),
        };
        v1::RevokeSeatResult { pool_id: text(pool.as_str()), user_id, outcome }
    };
    v1::BatchRevokeSeatsResponse { results: pairs(pools, users, malformed).map(result).collect(), usage }
}

/// Every pair, with what was given for a user who is malformed.
fn pairs<'a>(
    pools: &'a [PoolId],
    users: &'a [UserId],
    malformed: &'a [Malformed],
) -> impl Iterator<Item = (&'a PoolId, Result<&'a UserId, &'a Malformed>)> {
    pools.iter().flat_map(move |pool| as_given(users, malformed).map(move |user| (pool, user)))
}

/// The items of a batch as they were given: those who are malformed stand in their places.
fn as_given<'a, T>(values: &'a [T], malformed: &'a [Malformed]) -> impl Iterator<Item = Result<&'a T, &'a Malformed>> {
    let (mut values, mut others) = (values.iter(), malformed.iter().peekable());
    (0..).map_while(move |at| match others.next_if(|other| other.at == at) {
        Some(other) => Some(Err(other)),
        None => values.next().map(Ok),
    })
}

/// As the error would read if the pair were alone.
fn no_user(other: &Malformed) -> v1::ItemError {
    v1::ItemError { reason: text(status::reason::INVALID_REQUEST), message: format!("user_id {}.", other.error) }
}

/// The usage of each pool after its last pair, which is the usage after the batch.
fn last_usage<T>(users: usize, answers: &[T], usage: impl Fn(&T) -> Option<&PoolUsage>) -> Vec<v1::PoolUsage> {
    let last = |pairs: &[T]| pairs.iter().rev().find_map(&usage).cloned();
    answers.chunks(users.max(1)).filter_map(last).map(pool_usage).collect()
}

fn item_error(refusal: &Refusal) -> v1::ItemError {
    let (reason, message) = status::explain(refusal);
    v1::ItemError { reason: text(reason), message }
}

fn lease(lease: Lease) -> v1::Lease {
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

/// `usage`: that of the pool in question.
pub fn denial(denial: Denial, usage: Option<&PoolUsage>) -> v1::Denial {
    v1::Denial {
        reason: denial_reason(denial.reason).into(),
        message: texts::denial(denial.reason, usage),
        retry_after: denial.retry_after.map(duration),
        own_sessions: denial.own_sessions.into_iter().map(session).collect(),
        own_session_count: count(denial.own_session_count),
    }
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
    }
}

/// A limit's number, and whether there is none: then the number is 0.
pub fn number(limit: Limit) -> (u64, bool) {
    match limit {
        Limit::Seats(number) => (number, false),
        Limit::Unlimited => (0, true),
    }
}

/// `pools`: those that it may be about.
pub fn notice(notice: Notice, pools: &[PoolUsage]) -> v1::Notice {
    let code = match notice {
        Notice::LicenseExpired => v1::NoticeCode::LicenseExpired,
        Notice::LicenseExpiring(_) => v1::NoticeCode::LicenseExpiring,
        Notice::OverLimit => v1::NoticeCode::OverLimit,
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

/// The wire's strings are its own.
fn text(text: &str) -> String {
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ids::{DeviceId, IdError, TenantId};
    use crate::ledger::change::Plan;
    use crate::ledger::outcome::{DenialReason, SessionEndReason};
    use crate::ledger::time::Wall;

    const SESSION: &str = "6f2c1e0a-4a55-4c2b-9d6e-1b7a3c5d7e9f";

    fn held(session: Option<SessionId>) -> Lease {
        Lease {
            session,
            tenant: TenantId::stored("acme"),
            pool: PoolId::stored("primary"),
            user: UserId::stored("ann"),
            device: DeviceId::stored("laptop"),
            organization: Some(OrganizationId::stored("north")),
            started: Wall(1_500),
            ttl: Some(Duration::from_secs(600)),
            heartbeat_interval: Some(Duration::from_secs(200)),
            remaining: Duration::from_millis(35_999_500),
            idle_timeout: Some(Duration::from_secs(900)),
            renewed: false,
        }
    }

    fn use_of(pool: &str, in_use: u64, limit: Limit) -> PoolUsage {
        let (pool, plan) = (PoolId::stored(pool), Plan::Concurrent);
        PoolUsage { pool, plan, limit, in_use, over: 1, active: 2, idle: 3, granted: 4, demo: true }
    }

    #[test]
    fn a_lease_tells_durations_from_now_on() {
        let id = SessionId::parse(SESSION).unwrap();
        let answer = CheckedOut {
            decision: Ok(held(Some(id))),
            usage: Some(use_of("primary", 1, Limit::Seats(5))),
            notices: vec![Notice::DemoMode],
        };
        let told = checked_out(answer);
        let Some(v1::check_out_response::Outcome::Lease(lease)) = told.outcome else { panic!("must be a lease") };
        assert_eq!((lease.session_id.as_str(), lease.organization_id.as_str()), (SESSION, "north"));
        assert_eq!(lease.ttl, Some(prost_types::Duration { seconds: 600, nanos: 0 }));
        assert_eq!(lease.remaining, Some(prost_types::Duration { seconds: 35_999, nanos: 500_000_000 }));
        assert_eq!(lease.idle_timeout, Some(prost_types::Duration { seconds: 900, nanos: 0 }));
        assert_eq!(told.notices[0].code(), v1::NoticeCode::DemoMode);
        assert_eq!(told.usage.unwrap().limit, 5);
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
        let told = checked_out(CheckedOut { decision: Err(denied), usage, notices: vec![] });
        let Some(v1::check_out_response::Outcome::Denial(denial)) = told.outcome else { panic!("must be denied") };
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
        let told = heartbeat(Beat::Ended(Some((SessionEndReason::Closed, Wall(2_000)))));
        let Some(v1::heartbeat_response::Outcome::Ended(end)) = told.outcome else { panic!("must have ended") };
        assert_eq!((end.reason(), end.ended_at.unwrap().seconds), (v1::SessionEndReason::Closed, 2));
        let told = heartbeat(Beat::Ended(None));
        let Some(v1::heartbeat_response::Outcome::Ended(end)) = told.outcome else { panic!("must have ended") };
        assert_eq!((end.reason(), end.ended_at), (v1::SessionEndReason::Unknown, None));
    }

    #[test]
    fn unlimited_is_no_number() {
        let usage = pool_usage(use_of("primary", 7, Limit::Unlimited));
        assert_eq!((usage.limit, usage.unlimited, usage.in_use), (0, true, 7));
        assert_eq!((usage.over, usage.active, usage.idle, usage.granted, usage.demo), (1, 2, 3, 4, true));
    }

    #[test]
    fn a_batch_answers_pool_by_pool_and_user_by_user() {
        let pools = ["a", "b"].map(PoolId::stored);
        let users = ["x", "y"].map(UserId::stored);
        let denied = |pool, in_use| {
            let decision = Err(Denial::because(DenialReason::SeatsExhausted));
            Ok(Granted { decision, usage: Some(use_of(pool, in_use, Limit::Seats(1))) })
        };
        let missing = || Err(Refusal::NotFound { kind: "organization", id: "north".into() });
        let told = granted_batch(&pools, &users, &[], vec![denied("a", 1), denied("a", 2), denied("b", 3), missing()]);
        let pairs: Vec<_> = told.results.iter().map(|r| (r.pool_id.as_str(), r.user_id.as_str())).collect();
        assert_eq!(pairs, [("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")]);
        let Some(v1::grant_seat_result::Outcome::Error(error)) = &told.results[3].outcome else { panic!("an error") };
        assert_eq!(error.reason, "RESOURCE_NOT_FOUND");
        let usage: Vec<_> = told.usage.iter().map(|usage| (usage.pool_id.as_str(), usage.in_use)).collect();
        assert_eq!(usage, [("a", 2), ("b", 3)], "the usage after the last pair of each pool");
    }

    fn malformed(at: usize, given: &str) -> Malformed {
        Malformed { at, given: given.into(), error: IdError::Space }
    }

    #[test]
    fn who_is_malformed_has_results_in_the_right_places() {
        let (pools, users) = (["a", "b"].map(PoolId::stored), ["x", "y"].map(UserId::stored));
        let others = [malformed(0, "1 2"), malformed(2, "3 4"), malformed(4, "5 6")];
        let answer = |pool| Ok(Revoked { seat: None, revoked_now: true, usage: use_of(pool, 0, Limit::Seats(1)) });
        let told = revoked_batch(&pools, &users, &others, vec![answer("a"), answer("a"), answer("b"), answer("b")]);
        let shown = |result: &v1::RevokeSeatResult| match result.outcome.as_ref().expect("an outcome") {
            v1::revoke_seat_result::Outcome::Revoked(_) => format!("{} {}", result.pool_id, result.user_id),
            v1::revoke_seat_result::Outcome::Error(error) => {
                assert_eq!(
                    (&*error.reason, &*error.message),
                    ("INVALID_REQUEST", "user_id must not contain white space.")
                );
                format!("{} no: {}", result.pool_id, result.user_id)
            }
        };
        let told: Vec<_> = told.results.iter().map(shown).collect();
        let of = |pool: &str| ["no: 1 2", "x", "no: 3 4", "y", "no: 5 6"].map(|user| format!("{pool} {user}"));
        assert_eq!(told, [of("a"), of("b")].concat());
        let told = granted_batch(&pools, &[], &others[..1], Vec::new());
        assert_eq!((told.results.len(), told.usage.len()), (2, 0));
        let id = SessionId::parse(SESSION).unwrap();
        let told = heartbeat_batch(&[id], &others[..1], vec![Beat::Kept(held(Some(id)))]);
        let Some(v1::heartbeat_result::Outcome::Ended(end)) = &told.results[0].outcome else { panic!("no session") };
        assert_eq!((&*told.results[0].session_id, end.reason()), ("1 2", v1::SessionEndReason::Unknown));
        assert!(matches!(told.results[1].outcome, Some(v1::heartbeat_result::Outcome::Lease(_))));
    }

    #[test]
    fn a_batch_of_revocations_and_of_heartbeats() {
        let gone = Ok(Revoked { seat: None, revoked_now: true, usage: use_of("a", 0, Limit::Seats(1)) });
        let told = revoked_batch(&[PoolId::stored("a")], &[UserId::stored("x")], &[], vec![gone]);
        assert_eq!(
            told.results[0].outcome,
            Some(v1::revoke_seat_result::Outcome::Revoked(v1::SeatRevoked { seat: None, revoked_now: true }))
        );
        assert_eq!(told.usage[0].in_use, 0);
        let id = SessionId::parse(SESSION).unwrap();
        let told = heartbeat_batch(&[id, id], &[], vec![Beat::Kept(held(Some(id))), Beat::Ended(None)]);
        assert!(told.results.iter().all(|result| result.session_id == SESSION));
        assert!(matches!(told.results[0].outcome, Some(v1::heartbeat_result::Outcome::Lease(_))));
        assert!(matches!(told.results[1].outcome, Some(v1::heartbeat_result::Outcome::Ended(_))));
    }
}
