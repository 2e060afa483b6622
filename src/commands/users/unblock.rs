//! `usher users unblock`

use clap::Args;

use super::each::each;
use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::{Printer, json, words};
use crate::commands::user_batch::{UserBatch, batch};
use crate::failure::Failure;
use crate::proto::v1::UnblockUserRequest;
use crate::proto::v1::unblock_user_response::Outcome;

#[derive(Debug, Args)]
pub struct UnblockArgs {
    #[command(flatten)]
    pub batch: UserBatch,
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Unblocks users in the given order: the first ones get the seats that are free.
///
/// # Errors
/// [`Failure::Denied`]: some were denied or refused.
pub async fn run(args: &UnblockArgs) -> Result<(), Failure> {
    let users = batch(&args.batch)?;
    call_tenant(&args.scope, async |usher, printer| unblock(usher, printer, &users).await).await
}

async fn unblock(usher: &Usher, printer: &mut Printer, users: &[String]) -> Result<(), Error> {
    let unblock = async |user: &String| {
        let request = UnblockUserRequest { tenant_id: usher.tenant.clone(), user_id: user.clone() };
        let unblocked = usher.answer_one(usher.directory().unblock_user(usher.request(request))).await?;
        let answer = |outcome: Option<&Outcome>| match outcome {
            Some(Outcome::User(_)) => Ok("active"),
            Some(Outcome::Denial(denial)) => Err(words::denial(denial)),
            None => Err("denied".to_owned()),
        };
        Ok(unblocked.map(|unblocked| (answer(unblocked.outcome.as_ref()), json::of(&unblocked))))
    };
    each(printer, users, 1, "unblocked", unblock).await
}
