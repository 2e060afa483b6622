//! `usher seats grant`

use clap::Args;

use super::batch::{Batch, PairResult, SeatOperation};
use super::selection::PoolSelection;
use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::{Printer, words};
use crate::commands::user_batch::batch;
use crate::failure::Failure;
use crate::proto::v1::grant_seat_result::Outcome as Granted;
use crate::proto::v1::{BatchGrantSeatsRequest, GrantSeatResult};

#[derive(Debug, Args)]
pub struct GrantArgs {
    #[command(flatten)]
    pub selection: PoolSelection,
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Grants seats to users, in calls of bounded size.
///
/// # Errors
/// [`Failure::Denied`]: some were denied or refused.
pub async fn run(args: &GrantArgs) -> Result<(), Failure> {
    let users = batch(&args.selection.batch)?;
    call_tenant(&args.scope, async |usher, printer| grant(usher, printer, &args.selection, &users).await).await
}

const GRANT: SeatOperation<GrantSeatResult> = SeatOperation {
    done: "granted",
    to_result: |it| PairResult {
        pool: &it.pool_id,
        user: &it.user_id,
        did: true,
        result: granted(it.outcome.as_ref()),
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

async fn grant(usher: &Usher, printer: &mut Printer, selection: &PoolSelection, users: &[String]) -> Result<(), Error> {
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
