//! `usher sessions close`

use clap::Args;
use serde_json::json;

use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::rows::Rows;
use crate::commands::output::table::{Column, left};
use crate::commands::output::{Printer, json, words};
use crate::failure::Failure;
use crate::proto::v1::{CloseSessionRequest, CloseSessionResponse, ItemError};

#[derive(Debug, Args)]
pub struct CloseArgs {
    /// The sessions, by the ids that `usher sessions list` shows
    #[arg(value_name = "SESSION", required = true)]
    pub sessions: Vec<String>,
    /// End them even while their user is active, and perhaps has unsaved work
    #[arg(long)]
    pub force: bool,
    /// Who asks: nobody ends own sessions so
    #[arg(long = "as", value_name = "USER")]
    pub caller: Option<String>,
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Closes sessions, one call after the other.
///
/// # Errors
/// [`Failure::Denied`]: some sessions were not closed (R26).
pub async fn run(args: &CloseArgs) -> Result<(), Failure> {
    call_tenant(&args.scope, async |usher, printer| close(usher, printer, args).await).await
}

const COLUMNS: [Column; 2] = [left("session"), left("result")];

async fn close(usher: &Usher, printer: &mut Printer, args: &CloseArgs) -> Result<(), Error> {
    let mut rows = Rows::new(printer, "results", &COLUMNS).expecting(0, &args.sessions);
    let mut refused = 0;
    for session in &args.sessions {
        let request = CloseSessionRequest {
            tenant_id: usher.tenant.clone(),
            session_id: session.clone(),
            force: args.force,
            caller_session_id: String::new(),
            caller_user_id: args.caller.clone().unwrap_or_default(),
        };
        let closed = match usher.answer_one(usher.sessions().close_session(usher.request(request))).await {
            Ok(closed) => closed,
            Err(error) => return rows.end(&[], "").and(Err(error)),
        };
        refused += u64::from(closed.is_err());
        let mut value = match &closed {
            Ok(closed) => json::of(closed),
            Err(no) => json!({ "error": json::of(no) }),
        };
        value["session_id"] = session.as_str().into();
        rows.write(&[closed], |closed| vec![session.clone(), summary(closed)], |_| value.clone())?;
    }
    let all = rows.count();
    rows.end(&[], "")?;
    if refused == 0 { Ok(()) } else { Err(Error::Denied(format!("{refused} of {all} not closed"))) }
}

fn summary(closed: &Result<CloseSessionResponse, ItemError>) -> String {
    match closed {
        Ok(closed) if closed.ended_now => "closed".into(),
        Ok(closed) => format!("had ended before: {}", words::end(closed.end_reason())),
        Err(no) => words::refusal(no),
    }
}
