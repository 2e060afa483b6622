//! `usher seats recall`

use clap::Args;

use super::batch::{Batch, PairResult, SeatOperation};
use super::selection::PoolSelection;
use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::{Printer, words};
use crate::commands::user_batch::batch;
use crate::failure::Failure;
use crate::proto::v1::revoke_seat_result::Outcome as Revoked;
use crate::proto::v1::{BatchRevokeSeatsRequest, RevokeSeatResult, SeatRevoked};

#[derive(Debug, Args)]
pub struct RecallArgs {
    #[command(flatten)]
    pub selection: PoolSelection,
    /// End their sessions in these pools [default: they go on until their own end]
    #[arg(long)]
    pub end_sessions: bool,
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Revokes seats of users, in calls of bounded size.
///
/// # Errors
/// [`Failure::Denied`]: some were refused.
pub async fn run(args: &RecallArgs) -> Result<(), Failure> {
    let users = batch(&args.selection.batch)?;
    call_tenant(&args.scope, async |usher, printer| {
        recall(usher, printer, &args.selection, &users, args.end_sessions).await
    })
    .await
}

const RECALL: SeatOperation<RevokeSeatResult> = SeatOperation {
    done: "recalled",
    to_result: |it| PairResult {
        pool: &it.pool_id,
        user: &it.user_id,
        did: matches!(it.outcome, Some(Revoked::Revoked(SeatRevoked { revoked_now: true, .. }))),
        result: revoked(it.outcome.as_ref()),
    },
};

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

async fn recall(
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
