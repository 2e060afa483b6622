//! Filters of users, for lists and exports.

use clap::{Args, ValueEnum};
use prost_types::Timestamp;

use crate::commands::connection::Usher;
use crate::commands::value_parsers::time;
use crate::proto::v1::{BlockCause, ListUsersRequest, TextMatch, UserState, UserStatus};

#[derive(Debug, Args)]
#[command(next_help_heading = "Filters")]
pub struct Filters {
    /// Only users with these words, or parts of words, in the name or the email
    #[arg(long, value_name = "WORDS")]
    pub search: Option<String>,
    /// One of the words of --search is enough
    #[arg(long, requires = "search")]
    pub any: bool,
    /// Only users with this text in the id
    #[arg(long, value_name = "TEXT")]
    pub id: Option<String>,
    /// Only users with this text in the name: the given name, and the family name behind it
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// Only users in this state
    #[arg(long, value_name = "STATE")]
    pub state: Option<State>,
    /// Only users who are blocked for this
    #[arg(long, value_name = "CAUSE")]
    pub cause: Option<Cause>,
    /// Only users with this status, in --organization or in the tenant; several: once each, or with commas
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    pub status: Vec<Status>,
    /// Tell the status in this organization; it is blank where access is off, see --status [default: the whole tenant]
    #[arg(long, value_name = "ID")]
    pub organization: Option<String>,
    /// Only users in this group or in its subgroups: sales takes in sales/eu
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// Only users with a seat in this pool
    #[arg(long, value_name = "ID")]
    pub pool: Option<String>,
    /// Only administrators
    #[arg(long, conflicts_with = "no_administrators")]
    pub administrators: bool,
    /// Only users who are no administrators
    #[arg(long)]
    pub no_administrators: bool,
    /// Only users who never signed in
    #[arg(long)]
    pub never_signed_in: bool,
    /// Only users who signed in last at this time or later: a day, or a time such as 2027-03-01T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub signed_in_from: Option<Timestamp>,
    /// Only users who signed in last before this time; not those who never did
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub signed_in_before: Option<Timestamp>,
    /// Only users who were made at this time or later
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub created_from: Option<Timestamp>,
    /// Only users who were made before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub created_before: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum State {
    Active,
    Blocked,
}

/// Why users are blocked.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Cause {
    /// An administrator did it
    Administrator,
    /// A sync found no seat
    LicenseLimit,
    /// A sync did not list the user
    Directory,
}

/// What users are doing.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Status {
    /// Did something lately; this takes in away
    Active,
    /// Active, but not within the last minutes
    Away,
    /// Signed in, and did nothing for long
    Idle,
    /// Not signed in
    Inactive,
    /// Without access, so that no status is shown
    Blank,
}

/// A request with these filters.
pub fn filtered(usher: &Usher, filters: &Filters) -> ListUsersRequest {
    let given = |text: &Option<String>| text.clone().unwrap_or_default();
    ListUsersRequest {
        tenant_id: usher.tenant.clone(),
        text: given(&filters.search),
        text_match: if filters.any { TextMatch::Any } else { TextMatch::All }.into(),
        state: filters.state.map_or(UserState::Unspecified, state).into(),
        statuses: filters.status.iter().map(|it| status(*it).into()).collect(),
        organization_id: given(&filters.organization),
        group: given(&filters.group),
        pool_id: given(&filters.pool),
        administrator: match (filters.administrators, filters.no_administrators) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        },
        never_signed_in: filters.never_signed_in,
        user_id: given(&filters.id),
        name: given(&filters.name),
        block_cause: filters.cause.map_or(BlockCause::Unspecified, cause).into(),
        last_sign_in_from: filters.signed_in_from,
        last_sign_in_before: filters.signed_in_before,
        created_from: filters.created_from,
        created_before: filters.created_before,
        ..ListUsersRequest::default()
    }
}

fn state(state: State) -> UserState {
    match state {
        State::Active => UserState::Active,
        State::Blocked => UserState::Blocked,
    }
}

fn cause(cause: Cause) -> BlockCause {
    match cause {
        Cause::Administrator => BlockCause::Administrator,
        Cause::LicenseLimit => BlockCause::LicenseLimit,
        Cause::Directory => BlockCause::Directory,
    }
}

fn status(status: Status) -> UserStatus {
    match status {
        Status::Active => UserStatus::Active,
        Status::Away => UserStatus::Away,
        Status::Idle => UserStatus::Idle,
        Status::Inactive => UserStatus::Inactive,
        Status::Blank => UserStatus::Unspecified,
    }
}
