//! `usher users block`

use clap::Args;

use super::each::{MAX_CONCURRENT_CALLS, each};
use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::{Printer, json};
use crate::commands::user_batch::{UserBatch, batch};
use crate::failure::Failure;
use crate::proto::v1::BlockUserRequest;

#[derive(Debug, Args)]
pub struct BlockArgs {
    #[command(flatten)]
    pub batch: UserBatch,
    /// End their sessions [default: they go on until their own end]
    #[arg(long)]
    pub end_sessions: bool,
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Blocks users.
///
/// # Errors
/// [`Failure::Denied`]: some were refused.
pub async fn run(args: &BlockArgs) -> Result<(), Failure> {
    let users = batch(&args.batch)?;
    call_tenant(&args.scope, async |usher, printer| block(usher, printer, &users, args.end_sessions).await).await
}

async fn block(usher: &Usher, printer: &mut Printer, users: &[String], end_sessions: bool) -> Result<(), Error> {
    let block = async |user: &String| {
        let request = BlockUserRequest { tenant_id: usher.tenant.clone(), user_id: user.clone(), end_sessions };
        let blocked = usher.answer_one(usher.directory().block_user(usher.request(request))).await?;
        Ok(blocked.map(|blocked| (Ok("blocked"), json::of(&blocked))))
    };
    each(printer, users, MAX_CONCURRENT_CALLS, "blocked", block).await
}
