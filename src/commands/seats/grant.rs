//! `usher seats`

mod batch;

use super::{Error, Printer, Usher, words};
use crate::cli::seats::PoolSelection;
use crate::proto::v1::grant_seat_result::Outcome as Granted;
use crate::proto::v1::revoke_seat_result::Outcome as Revoked;
use crate::proto::v1::{
    BatchGrantSeatsRequest, BatchRevokeSeatsRequest, GrantSeatResult, RevokeSeatResult, SeatRevoked,
};
use batch::{Batch, PairResult, SeatOperation};

const GRANT: SeatOperation<GrantSeatResult> = SeatOperation {
    done: "granted",
    to_result: |it| PairResult {
        pool: &it.pool_id,
        user: &it.user_id,
        did: true,
        result: granted(it.outcome.as_ref()),
    },
};

const RECALL: SeatOperation<RevokeSeatResult> = SeatOperation {
    done: "recalled",
    to_result: |it| PairResult {
        pool: &it.pool_id,
        user: &it.user_id,
        did: matches!(it.outcome, Some(Revoked::Revoked(SeatRevoked { revoked_now: true, .. }))),
        result: revoked(it.outcome.as_ref()),
    },
};

fn granted(outcome: Option<&Granted>) -> Result<String, String> {
    match outcome {
        Some(Granted::Seat(_)) => Ok("granted".into()),
        Some(Granted::Denial(denial)) => Err(words::denial(denial)),
        Some(Granted::Error(no)) => Err(words::refusal(no)),
        None => Err("denied".into()),
    }
}

fn revoked(outcome: Option<&Revoked>) -> Result<String, String> {
    match outcome {
        Some(Revoked::Revoked(SeatRevoked { seat: None, revoked_now: true })) => Ok("recalled".into()),
        Some(Revoked::Revoked(SeatRevoked { seat: None, .. })) => Ok("not held".into()),
        Some(Revoked::Revoked(SeatRevoked { seat: Some(left), revoked_now })) => {
            let nothing = if *revoked_now { "" } else { "nothing taken, " };
            Ok(format!("{nothing}left: {}", words::seat(left)))
        }
        Some(Revoked::Error(no)) => Err(words::refusal(no)),
        None => Err("refused".into()),
    }
}

/// Grants seats to users, in calls of bounded size.
///
/// # Errors
/// [`Error::Denied`]: some were denied or refused.
pub async fn grant(
    usher: &Usher,
    printer: &mut Printer,
    selection: &PoolSelection,
    users: &[String],
) -> Result<(), Error> {
    let call = async |user_ids: Vec<String>| {
        let request = BatchGrantSeatsRequest {
            tenant_id: usher.tenant.clone(),
            pool_ids: selection.pool.clone(),
            user_ids,
            organization_ids: selection.organization.clone(),
        };
        let granted = usher.answer(usher.seats().batch_grant_seats(usher.request(request))).await?;
        Ok(Batch { results: granted.results, usage: granted.usage })
    };
    GRANT.run(printer, &selection.pool, users, call).await
}

/// Revokes seats of users, in calls of bounded size.
///
/// # Errors
/// [`Error::Denied`]: some were refused.
pub async fn recall(
    usher: &Usher,
    printer: &mut Printer,
    selection: &PoolSelection,
    users: &[String],
    end_sessions: bool,
) -> Result<(), Error> {
    let call = async |user_ids: Vec<String>| {
        let request = BatchRevokeSeatsRequest {
            tenant_id: usher.tenant.clone(),
            pool_ids: selection.pool.clone(),
            user_ids,
            organization_ids: selection.organization.clone(),
            end_sessions,
        };
        let revoked = usher.answer(usher.seats().batch_revoke_seats(usher.request(request))).await?;
        Ok(Batch { results: revoked.results, usage: revoked.usage })
    };
    RECALL.run(printer, &selection.pool, users, call).await
}
