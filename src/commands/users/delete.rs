//! `usher users delete`

use clap::Args;

use super::each::{MAX_CONCURRENT_CALLS, each};
use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::{Printer, json};
use crate::commands::user_batch::{UserBatch, batch};
use crate::failure::Failure;
use crate::proto::v1::DeleteUserRequest;

#[derive(Debug, Args)]
pub struct DeleteArgs {
    #[command(flatten)]
    pub batch: UserBatch,
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Deletes users.
///
/// # Errors
/// [`Failure::Denied`]: some were refused.
pub async fn run(args: &DeleteArgs) -> Result<(), Failure> {
    let users = batch(&args.batch)?;
    call_tenant(&args.scope, async |usher, printer| delete(usher, printer, &users).await).await
}

async fn delete(usher: &Usher, printer: &mut Printer, users: &[String]) -> Result<(), Error> {
    let delete = async |user: &String| {
        let request = DeleteUserRequest { tenant_id: usher.tenant.clone(), user_id: user.clone() };
        let deleted = usher.answer_one(usher.directory().delete_user(usher.request(request))).await?;
        Ok(deleted.map(|deleted| (Ok("deleted"), json::of(&deleted))))
    };
    each(printer, users, MAX_CONCURRENT_CALLS, "deleted", delete).await
}
