//! `usher sessions`: commands about live sessions.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use prost_types::Timestamp;

use super::audit::time;
use super::connection::TenantArgs;
use super::token::duration;

pub const EXAMPLES: &str = "\
Examples:
  Who is signed in, the longest idle first
    usher sessions list --tenant acme --order last-activity
  Idle sessions of one pool
    usher sessions list --tenant acme --pool crm --status idle
  Who came from there, and did nothing for an hour
    usher sessions list --tenant acme --client 10.0.7. --idle-for 1h
  End one; while its user is active and the client not silent, only with --force
    usher sessions close --tenant acme 0197f0a3-1c2d-7e4f-8a9b-0c1d2e3f4a5b
  End all that are idle, but not one's own
    usher sessions close-idle --tenant acme --as root@example.com
  Every start and end, as it happens
    usher sessions watch --tenant acme";

#[derive(Debug, Subcommand)]
pub enum Sessions {
    /// List live sessions; those that pass every filter that is given
    #[command(after_help = EXAMPLES)]
    List(Box<List>),
    /// End sessions: exit code 11 when it was refused, because the user is active with a live client
    #[command(after_help = EXAMPLES)]
    Close(Close),
    /// End the sessions of all users who are idle, and list them
    #[command(after_help = EXAMPLES)]
    CloseIdle(CloseIdle),
    /// Print every start and end of a session as it happens, until it is interrupted. Goes on after a lost connection
    /// where it was
    #[command(after_help = EXAMPLES)]
    Watch(Watch),
}

#[derive(Debug, Args)]
pub struct List {
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

#[derive(Debug, Args)]
pub struct Close {
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

#[derive(Debug, Args)]
pub struct CloseIdle {
    /// Only in this pool
    #[arg(long, value_name = "ID")]
    pub pool: Option<String>,
    /// Who asks: nobody ends own sessions so
    #[arg(long = "as", value_name = "USER")]
    pub caller: Option<String>,
    #[command(flatten)]
    pub scope: TenantArgs,
}

#[derive(Debug, Args)]
pub struct Watch {
    #[command(flatten)]
    pub scope: TenantArgs,
}
