//! Sentences about logins and sessions: the calls of a login service, and the closing of sessions.

use std::time::Duration;

use usher::proto::v1::check_out_response::Outcome;
use usher::proto::v1::heartbeat_response::Outcome as Kept;
use usher::proto::v1::{self, SessionEndReason};

use super::reading::Happened;
use super::sentences::{denied, email, refused, short};
use super::test_server::{TENANT, TestServer};
use crate::scenarios::language::{Words, length};

/// `ann signs in to primary on laptop at north`
pub async fn sign_in(
    server: &mut TestServer,
    name: &str,
    words: &mut Words,
    check_only: bool,
) -> Result<Happened, String> {
    words.expect("to")?;
    let pool_id = words.next("a pool")?;
    let device = device(words)?;
    let organization_id = if words.eat("at") { words.next("an organization")? } else { String::new() };
    let request = v1::CheckOutRequest {
        tenant_id: TENANT.into(),
        pool_id,
        user_id: email(name),
        device_id: device.clone(),
        organization_id,
        check_only,
        ..Default::default()
    };
    let answer = match server.seats().check_out(request).await {
        Err(status) => return Ok(refused(&status)),
        Ok(answer) => answer.into_inner(),
    };
    let notices =
        answer.notices.iter().map(|it| format!(", {}", it.code().as_str_name().trim_start_matches("NOTICE_CODE_")));
    let notices: String = notices.collect();
    Ok(match answer.outcome {
        Some(Outcome::Lease(lease)) => {
            let at = if lease.organization_id.is_empty() {
                String::new()
            } else {
                format!(", at {}", lease.organization_id)
            };
            let renewed = if lease.renewed { ", renewed" } else { "" };
            if !check_only {
                server.sessions.insert((name.to_owned(), device), lease.session_id);
            }
            Happened::Said(true, format!("yes{at}{renewed}{notices}"))
        }
        Some(Outcome::Denial(denial)) => {
            let retry =
                denial.retry_after.map(|after| format!(", a seat is free in {}", told(after))).unwrap_or_default();
            let devices: Vec<_> = denial.own_sessions.iter().map(|own| own.device_id.as_str()).collect();
            let elsewhere = if devices.is_empty() { String::new() } else { format!(", on {}", devices.join(" ")) };
            Happened::Said(false, format!("no: {}{elsewhere}{retry}{notices}", denied(&denial)))
        }
        None => Happened::Said(false, "no".into()),
    })
}

/// `ann works on laptop`, `ann is there on laptop`
pub async fn heartbeat(server: &TestServer, name: &str, words: &mut Words, active: bool) -> Result<Happened, String> {
    let session_id = server.session(name, &device(words)?)?;
    let request = v1::HeartbeatRequest { tenant_id: TENANT.into(), session_id, active };
    Ok(match server.seats().heartbeat(request).await {
        Err(status) => refused(&status),
        Ok(answer) => match answer.into_inner().outcome {
            Some(Kept::Lease(_)) => Happened::Said(true, "the session goes on".into()),
            Some(Kept::Ended(ended)) => {
                Happened::Said(false, format!("the session has ended: {}", why(ended.reason())))
            }
            None => Happened::Said(false, "the session has ended".into()),
        },
    })
}

/// `ann signs out on laptop`
pub async fn sign_out(server: &TestServer, name: &str, words: &mut Words) -> Result<Happened, String> {
    words.expect("out")?;
    let session_id = server.session(name, &device(words)?)?;
    Ok(match server.seats().check_in(v1::CheckInRequest { tenant_id: TENANT.into(), session_id }).await {
        Err(status) => refused(&status),
        Ok(answer) => ended(answer.get_ref().ended_now, answer.get_ref().end_reason()),
    })
}

/// `root closes the session of ann on laptop by force`, `root closes all idle sessions in primary`
pub async fn close(server: &TestServer, name: &str, words: &mut Words) -> Result<Happened, String> {
    let caller_user_id = email(name);
    if words.eat("all") {
        words.phrase("idle sessions")?;
        let pool_id = if words.eat("in") { words.next("a pool")? } else { String::new() };
        let request = v1::CloseIdleSessionsRequest { tenant_id: TENANT.into(), pool_id, caller_user_id };
        return Ok(match server.logins().close_idle_sessions(request).await {
            Err(status) => refused(&status),
            Ok(answer) => {
                let closed = answer.into_inner().closed;
                let row = |session: &v1::Session| format!("{} on {}", short(&session.user_id), session.device_id);
                let mut rows: Vec<_> = closed.iter().map(row).collect();
                rows.sort_unstable();
                Happened::Rows(rows)
            }
        });
    }
    words.phrase("the session of")?;
    let whose = words.next("a user")?;
    let session_id = server.session(&whose, &device(words)?)?;
    let force = words.eat("by") && words.expect("force").map(|()| true)?;
    let tenant_id = TENANT.into();
    let request = v1::CloseSessionRequest { tenant_id, session_id, force, caller_user_id, ..Default::default() };
    Ok(match server.logins().close_session(request).await {
        Err(status) => refused(&status),
        Ok(answer) => ended(answer.get_ref().ended_now, answer.get_ref().end_reason()),
    })
}

fn device(words: &mut Words) -> Result<String, String> {
    words.expect("on")?;
    words.next("a device")
}

fn ended(now: bool, reason: SessionEndReason) -> Happened {
    let before = if now { "" } else { "had ended before: " };
    Happened::Said(now, format!("{before}{}", why(reason)))
}

fn why(reason: SessionEndReason) -> String {
    reason.as_str_name().trim_start_matches("SESSION_END_REASON_").to_owned()
}

fn told(after: prost_types::Duration) -> String {
    length(Duration::try_from(after).unwrap_or_default())
}
