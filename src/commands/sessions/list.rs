//! `usher sessions`

mod close;
mod watch;

use super::list::List;
use super::table::{left, right};
use super::words;
use super::{Error, Printer, Usher};
use crate::cli::sessions::{List as Args, SortKey, Status};
use crate::proto::v1::{ListSessionsRequest, Session, UserStatus};

pub use close::{close, close_idle};
pub use watch::watch;

const SESSIONS: List<Session> = List {
    name: "sessions",
    columns: &[
        left("session"),
        left("user"),
        left("status"),
        right("idle for"),
        left("signed in at"),
        left("pool"),
        left("organization"),
        left("device"),
        left("client"),
    ],
    row,
    none: "no sessions",
};

/// Prints the live sessions of a tenant.
///
/// # Errors
/// [`Error`]
pub async fn list(usher: &Usher, printer: &mut Printer, args: &Args) -> Result<(), Error> {
    let given = |text: &Option<String>| text.clone().unwrap_or_default();
    let by = match args.order {
        SortKey::SignedIn => "started_at",
        SortKey::LastActivity => "last_activity",
        SortKey::User => "user",
    };
    let page = async |page_size: i32, page_token| {
        let request = ListSessionsRequest {
            tenant_id: usher.tenant.clone(),
            page_size,
            page_token,
            order_by: words::direction(by, args.descending),
            pool_id: given(&args.pool),
            user_id: given(&args.user),
            organization_id: given(&args.organization),
            statuses: args.status.iter().map(|it| status(*it).into()).collect(),
            session_id: given(&args.session),
            device_id: given(&args.device),
            client: given(&args.client),
            started_from: args.signed_in_from,
            started_before: args.signed_in_before,
            idle_at_least: args.idle_for.and_then(|idle| prost_types::Duration::try_from(idle).ok()),
        };
        let page = usher.answer(usher.sessions().list_sessions(usher.request(request))).await?;
        Ok((page.sessions, page.next_page_token))
    };
    SESSIONS.print(printer, args.limit, page).await
}

fn status(status: Status) -> UserStatus {
    match status {
        Status::Active => UserStatus::Active,
        Status::Away => UserStatus::Away,
        Status::Idle => UserStatus::Idle,
    }
}

fn row(session: &Session) -> Vec<String> {
    vec![
        session.session_id.clone(),
        session.user_id.clone(),
        words::status(session.status()).into(),
        session.idle.map_or_else(String::new, words::length),
        words::time_or(session.started_at, ""),
        session.pool_id.clone(),
        session.organization_id.clone(),
        session.device_id.clone(),
        session.client.clone(),
    ]
}
