//! `usher sessions close` and `close-idle`

use serde_json::json;

use super::super::rows::Rows;
use super::super::table::{Column, left};
use super::super::{Error, Printer, Usher, json, words};
use super::{SESSIONS, row};
use crate::cli::sessions::{Close, CloseIdle};
use crate::proto::v1::{CloseIdleSessionsRequest, CloseSessionRequest, CloseSessionResponse, ItemError};

const COLUMNS: [Column; 2] = [left("session"), left("result")];

/// Closes sessions, one call after the other.
///
/// # Errors
/// [`Error::Denied`]: some sessions were not closed (R26).
pub async fn close(usher: &Usher, printer: &mut Printer, args: &Close) -> Result<(), Error> {
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

/// Closes the sessions of all idle users (R26).
///
/// # Errors
/// [`Error`]
pub async fn close_idle(usher: &Usher, printer: &mut Printer, args: &CloseIdle) -> Result<(), Error> {
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
