//! `usher sessions list`

use std::time::Duration;

use clap::{Args, ValueEnum};
use prost_types::Timestamp;

use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::list::List;
use crate::commands::output::table::{left, right};
use crate::commands::output::{Printer, words};
use crate::commands::value_parsers::{duration, time};
use crate::failure::Failure;
use crate::proto::v1::{ListSessionsRequest, Session, UserStatus};

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only sessions of this pool
    #[arg(long, value_name = "ID")]
    pub pool: Option<String>,
    /// Only sessions of this user
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
    /// Only sessions in this organization
    #[arg(long, value_name = "ID")]
    pub organization: Option<String>,
    /// Only sessions of users with this status; several: once each, or with commas
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    pub status: Vec<Status>,
    /// Only this session
    #[arg(long, value_name = "SESSION")]
    pub session: Option<String>,
    /// Only sessions on this device
    #[arg(long, value_name = "ID")]
    pub device: Option<String>,
    /// Only sessions with this text in what the client said of itself, such as its address
    #[arg(long, value_name = "TEXT")]
    pub client: Option<String>,
    /// Only sessions that began at this time or later: a day, or a time such as 2027-03-01T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub signed_in_from: Option<Timestamp>,
    /// Only sessions that began before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub signed_in_before: Option<Timestamp>,
    /// Only sessions in which nobody did anything for so long, such as 30m, or longer
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub idle_for: Option<Duration>,
    /// In which order
    #[arg(long, value_name = "ORDER", default_value = "signed-in")]
    pub order: SortKey,
    /// The other way round: the latest first
    #[arg(long)]
    pub descending: bool,
    /// Only the first so many [default: all]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    #[command(flatten)]
    pub scope: TenantArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum SortKey {
    SignedIn,
    LastActivity,
    User,
}

/// What those are doing whose sessions live.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Status {
    /// Did something lately; this takes in away
    Active,
    /// Active, but not within the last minutes
    Away,
    /// Did nothing for long
    Idle,
}

/// Prints the live sessions of a tenant.
pub async fn run(args: &ListArgs) -> Result<(), Failure> {
    call_tenant(&args.scope, async |usher, printer| list(usher, printer, args).await).await
}

pub const SESSIONS: List<Session> = List {
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

async fn list(usher: &Usher, printer: &mut Printer, args: &ListArgs) -> Result<(), Error> {
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

pub fn row(session: &Session) -> Vec<String> {
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
