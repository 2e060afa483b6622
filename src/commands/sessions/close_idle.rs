//! `usher sessions close-idle`

use clap::Args;

use super::list::{SESSIONS, row};
use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::rows::Rows;
use crate::commands::output::{Printer, json, words};
use crate::failure::Failure;
use crate::proto::v1::CloseIdleSessionsRequest;

#[derive(Debug, Args)]
pub struct CloseIdleArgs {
    /// Only in this pool
    #[arg(long, value_name = "ID")]
    pub pool: Option<String>,
    /// Who asks: nobody ends own sessions so
    #[arg(long = "as", value_name = "USER")]
    pub caller: Option<String>,
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Closes the sessions of all idle users (R26).
pub async fn run(args: &CloseIdleArgs) -> Result<(), Failure> {
    call_tenant(&args.scope, async |usher, printer| close_idle(usher, printer, args).await).await
}

async fn close_idle(usher: &Usher, printer: &mut Printer, args: &CloseIdleArgs) -> Result<(), Error> {
    let request = CloseIdleSessionsRequest {
        tenant_id: usher.tenant.clone(),
        pool_id: args.pool.clone().unwrap_or_default(),
        caller_user_id: args.caller.clone().unwrap_or_default(),
    };
    let answer = usher.answer(usher.sessions().close_idle_sessions(usher.request(request))).await?;
    let mut rows = Rows::new(printer, "closed", SESSIONS.columns);
    rows.write(&answer.closed, row, json::of)?;
    let text = match (rows.count(), answer.closed_count) {
        (_, 0) => "nobody is idle: nothing was closed\n".to_owned(),
        (shown, count) if shown == count => format!("\n{} closed\n", words::count(count, "session")),
        (shown, count) => format!("\n{} closed; {shown} are shown\n", words::count(count, "session")),
    };
    rows.end(&[], &text)
}
