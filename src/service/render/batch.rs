//! Renders the results of batches: one for each item, in the order of the request, including malformed items.

use super::seat::{denial, lease, pool_usage, seat, text};
use super::session::{ended, session_id};
use crate::error_reason::ErrorReason;
use crate::ids::{PoolId, SessionId, UserId};
use crate::ledger::outcome::{Done, Granted, HeartbeatResult, PoolUsage, Refusal, Revoked};
use crate::proto::v1;
use crate::service::parse::Malformed;
use crate::status;

/// Renders the results of heartbeats. `heartbeats`: the valid session ids, in the order of the request and of
/// `answers`.
pub fn heartbeat_batch(
    heartbeats: &[SessionId],
    malformed: &[Malformed],
    answers: Vec<HeartbeatResult>,
) -> v1::BatchHeartbeatResponse {
    use v1::heartbeat_result::Outcome;
    let mut answers = answers.into_iter();
    let result = |id: Result<&SessionId, &Malformed>| {
        let (session_id, answer) = match id {
            Ok(id) => (session_id(*id), answers.next()),
            // No session has such an id.
            Err(other) => (other.given.clone(), Some(HeartbeatResult::Ended(None))),
        };
        let outcome = answer.map(|answer| match answer {
            HeartbeatResult::Kept(kept) => Outcome::Lease(lease(kept)),
            HeartbeatResult::Ended(end) => Outcome::Ended(ended(end)),
        });
        v1::HeartbeatResult { session_id, outcome }
    };
    v1::BatchHeartbeatResponse { results: as_given(heartbeats, malformed).map(result).collect() }
}

/// `answers` are in the order of the pairs, pool by pool, and within a pool user by user, without malformed users.
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

/// `answers` are in the order of the pairs, pool by pool, and within a pool user by user, without malformed users.
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

/// All pairs; a malformed user is an `Err`.
fn pairs<'a>(
    pools: &'a [PoolId],
    users: &'a [UserId],
    malformed: &'a [Malformed],
) -> impl Iterator<Item = (&'a PoolId, Result<&'a UserId, &'a Malformed>)> {
    pools.iter().flat_map(move |pool| as_given(users, malformed).map(move |user| (pool, user)))
}

/// The items of a batch in the order of the request; a malformed item is an `Err`.
fn as_given<'a, T>(values: &'a [T], malformed: &'a [Malformed]) -> impl Iterator<Item = Result<&'a T, &'a Malformed>> {
    let (mut values, mut others) = (values.iter(), malformed.iter().peekable());
    (0..).map_while(move |at| match others.next_if(|other| other.at == at) {
        Some(other) => Some(Err(other)),
        None => values.next().map(Ok),
    })
}

/// The error of a malformed user, with the text of the RPC error for this pair alone.
fn no_user(other: &Malformed) -> v1::ItemError {
    v1::ItemError { reason: text(ErrorReason::InvalidRequest.name()), message: format!("user_id {}.", other.error) }
}

/// Returns the usage of each pool after its last pair, which is its usage after the batch.
fn last_usage<T>(users: usize, answers: &[T], usage: impl Fn(&T) -> Option<&PoolUsage>) -> Vec<v1::PoolUsage> {
    let last = |pairs: &[T]| pairs.iter().rev().find_map(&usage).cloned();
    answers.chunks(users.max(1)).filter_map(last).map(pool_usage).collect()
}

fn item_error(refusal: &Refusal) -> v1::ItemError {
    let (reason, message) = status::explain(refusal);
    v1::ItemError { reason: text(reason.name()), message }
}

#[cfg(test)]
mod tests {
    use super::super::seat::tests::{SESSION, held, use_of};
    use super::*;
    use crate::ids::IdError;
    use crate::ledger::change::Limit;
    use crate::ledger::outcome::{Denial, DenialReason};

    #[test]
    fn a_batch_answers_pool_by_pool_and_user_by_user() {
        let pools = ["a", "b"].map(PoolId::stored);
        let users = ["x", "y"].map(UserId::stored);
        let denied = |pool, in_use| {
            let decision = Err(Denial::because(DenialReason::SeatsExhausted));
            Ok(Granted { decision, usage: Some(use_of(pool, in_use, Limit::Seats(1))) })
        };
        let missing = || Err(Refusal::NotFound { kind: "organization", id: "north".into() });
        let rendered =
            granted_batch(&pools, &users, &[], vec![denied("a", 1), denied("a", 2), denied("b", 3), missing()]);
        let pairs: Vec<_> = rendered.results.iter().map(|r| (r.pool_id.as_str(), r.user_id.as_str())).collect();
        assert_eq!(pairs, [("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")]);
        let Some(v1::grant_seat_result::Outcome::Error(error)) = &rendered.results[3].outcome else {
            panic!("an error")
        };
        assert_eq!(error.reason, "RESOURCE_NOT_FOUND");
        let usage: Vec<_> = rendered.usage.iter().map(|usage| (usage.pool_id.as_str(), usage.in_use)).collect();
        assert_eq!(usage, [("a", 2), ("b", 3)], "the usage after the last pair of each pool");
    }

    fn malformed(at: usize, given: &str) -> Malformed {
        Malformed { at, given: given.into(), error: IdError::Space }
    }

    #[test]
    fn malformed_items_have_results_at_their_index() {
        let (pools, users) = (["a", "b"].map(PoolId::stored), ["x", "y"].map(UserId::stored));
        let others = [malformed(0, "1 2"), malformed(2, "3 4"), malformed(4, "5 6")];
        let answer = |pool| Ok(Revoked { seat: None, revoked_now: true, usage: use_of(pool, 0, Limit::Seats(1)) });
        let rendered = revoked_batch(&pools, &users, &others, vec![answer("a"), answer("a"), answer("b"), answer("b")]);
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
        let rendered: Vec<_> = rendered.results.iter().map(shown).collect();
        let of = |pool: &str| ["no: 1 2", "x", "no: 3 4", "y", "no: 5 6"].map(|user| format!("{pool} {user}"));
        assert_eq!(rendered, [of("a"), of("b")].concat());
        let rendered = granted_batch(&pools, &[], &others[..1], Vec::new());
        assert_eq!((rendered.results.len(), rendered.usage.len()), (2, 0));
        let id = SessionId::parse(SESSION).unwrap();
        let rendered = heartbeat_batch(&[id], &others[..1], vec![HeartbeatResult::Kept(held(Some(id)))]);
        let Some(v1::heartbeat_result::Outcome::Ended(end)) = &rendered.results[0].outcome else {
            panic!("no session")
        };
        assert_eq!((&*rendered.results[0].session_id, end.reason()), ("1 2", v1::SessionEndReason::Unknown));
        assert!(matches!(rendered.results[1].outcome, Some(v1::heartbeat_result::Outcome::Lease(_))));
    }

    #[test]
    fn a_batch_of_revocations_and_of_heartbeats() {
        let gone = Ok(Revoked { seat: None, revoked_now: true, usage: use_of("a", 0, Limit::Seats(1)) });
        let rendered = revoked_batch(&[PoolId::stored("a")], &[UserId::stored("x")], &[], vec![gone]);
        assert_eq!(
            rendered.results[0].outcome,
            Some(v1::revoke_seat_result::Outcome::Revoked(v1::SeatRevoked { seat: None, revoked_now: true }))
        );
        assert_eq!(rendered.usage[0].in_use, 0);
        let id = SessionId::parse(SESSION).unwrap();
        let rendered =
            heartbeat_batch(&[id, id], &[], vec![HeartbeatResult::Kept(held(Some(id))), HeartbeatResult::Ended(None)]);
        assert!(rendered.results.iter().all(|result| result.session_id == SESSION));
        assert!(matches!(rendered.results[0].outcome, Some(v1::heartbeat_result::Outcome::Lease(_))));
        assert!(matches!(rendered.results[1].outcome, Some(v1::heartbeat_result::Outcome::Ended(_))));
    }
}
