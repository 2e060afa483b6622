//! Renders sessions, for consoles and for clients.

use super::seat::organization_id;
use super::time::{duration, timestamp};
use crate::ids::SessionId;
use crate::ledger::command::Page;
use crate::ledger::outcome::{CheckedIn, SessionEndReason, SessionView};
use crate::ledger::time::WallTime;
use crate::proto::v1;
use crate::service::names::{session_end_reason, user_status};
use crate::service::page::Shape;

pub fn list_sessions(page: Page<SessionView>, shape: &Shape) -> v1::ListSessionsResponse {
    v1::ListSessionsResponse {
        sessions: page.rows.into_iter().map(session).collect(),
        next_page_token: page.next.map_or_else(String::new, |next| shape.token(&next)),
    }
}

pub fn closed_session(answer: CheckedIn) -> v1::CloseSessionResponse {
    let reason = answer.reason.map_or(v1::SessionEndReason::Unknown, session_end_reason);
    v1::CloseSessionResponse { ended_now: answer.ended_now, end_reason: reason.into() }
}

pub fn session(view: SessionView) -> v1::Session {
    v1::Session {
        session_id: session_id(view.id),
        user_id: view.user.as_str().to_owned(),
        pool_id: view.pool.as_str().to_owned(),
        organization_id: organization_id(view.organization.as_ref()),
        device_id: view.device.as_str().to_owned(),
        client: (*view.client).to_owned(),
        started_at: Some(timestamp(view.started)),
        last_activity_at: Some(timestamp(view.last_activity)),
        idle: Some(duration(view.idle)),
        status: user_status(view.status).into(),
        administrator: view.administrator,
    }
}

/// Renders the end of a session; `None`: the tenant has no record of the session.
pub fn ended(end: Option<(SessionEndReason, WallTime)>) -> v1::SessionEnded {
    match end {
        Some((reason, at)) => {
            v1::SessionEnded { reason: session_end_reason(reason).into(), ended_at: Some(timestamp(at)) }
        }
        None => v1::SessionEnded { reason: v1::SessionEndReason::Unknown.into(), ended_at: None },
    }
}

/// Renders a session id as CheckOut returns it, without the cost of a formatter.
pub fn session_id(id: SessionId) -> String {
    id.0.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()).to_owned()
}
