//! `usher audit`: lists and exports audit events.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand, ValueEnum};
use prost_types::Timestamp;

use super::connection::ConnectionArgs;

pub const EXAMPLES: &str = "\
Examples:
  What happened last
    usher audit list --tenant acme --limit 20
  Who was refused for want of a seat, in March
    usher audit list --tenant acme --reason seats-exhausted \\
      --from 2027-03-01 --before 2027-04-01
  All about one user, as a file for a spreadsheet
    usher audit export --tenant acme --user ann@example.com \\
      --delimiter ';' --output ann.csv
  Everything, as a line of JSON for each event
    usher audit export --tenant acme --json > acme.jsonl
  Who made and revoked API tokens
    usher audit list --installation";

#[derive(Debug, Subcommand)]
pub enum Audit {
    /// List events, the newest first; those that pass every filter that is given
    #[command(after_help = EXAMPLES)]
    List(Box<List>),
    /// Write events as a file, the newest first: CSV, or with --json a line of JSON for each
    #[command(after_help = EXAMPLES)]
    Export(Box<Export>),
}

/// Whom to ask about whose events, and how the answer is to look.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub struct AuditScope {
    /// The tenant
    #[arg(long, value_name = "ID", env = "USHER_TENANT", value_parser = NonEmptyStringValueParser::new())]
    #[arg(required_unless_present = "installation")]
    pub tenant: Option<String>,
    /// Instead, the events of no tenant: of API tokens, and of calls for tenants that do not exist
    #[arg(long)]
    pub installation: bool,
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    pub filters: Filters,
    /// The newest so many
    #[arg(long, value_name = "NUMBER", default_value = "100", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: u64,
    #[command(flatten)]
    pub scope: AuditScope,
}

#[derive(Debug, Args)]
pub struct Export {
    #[command(flatten)]
    pub filters: Filters,
    /// The columns of CSV, in the order wanted: fields of an event, as `usher audit list --json` names them
    /// [default: all]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', conflicts_with = "json")]
    pub columns: Vec<String>,
    /// Between two cells of CSV: , or ;
    #[arg(long, value_name = "CHARACTER", default_value = ",", conflicts_with = "json")]
    pub delimiter: String,
    /// Begin CSV with a byte order mark, without which some spreadsheets take UTF-8 for something else
    #[arg(long, conflicts_with = "json")]
    pub bom: bool,
    /// The file, which is overwritten [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub scope: AuditScope,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Filters")]
pub struct Filters {
    /// Only events about this user, also under ids from before a renaming
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
    /// Only events about this pool
    #[arg(long, value_name = "ID")]
    pub pool: Option<String>,
    /// Only events about this session
    #[arg(long, value_name = "SESSION")]
    pub session: Option<String>,
    /// Only events about this organization
    #[arg(long, value_name = "ID")]
    pub organization: Option<String>,
    /// Only what this actor asked for
    #[arg(long, value_name = "NAME")]
    pub actor: Option<String>,
    /// Only this action, such as session-started or AUDIT_ACTION_SESSION_STARTED
    #[arg(long, value_name = "ACTION")]
    pub action: Option<String>,
    /// Only what was done, or what was denied
    #[arg(long, value_name = "OUTCOME")]
    pub outcome: Option<Outcome>,
    /// Only this reason, such as seats-exhausted or DENIAL_REASON_SEATS_EXHAUSTED
    #[arg(long, value_name = "REASON")]
    pub reason: Option<String>,
    /// Only events that stand for so many denials or more
    #[arg(long, value_name = "NUMBER")]
    pub times: Option<u32>,
    /// Only events with this text in the detail, as it stands there
    #[arg(long, value_name = "TEXT")]
    pub detail: Option<String>,
    /// Only events from this time on: a day, or a time such as 2027-03-01T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<Timestamp>,
    /// Only events before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub before: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Outcome {
    Done,
    Denied,
}

pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "is not a day such as 2027-03-01, or a time such as 2027-03-01T08:00:00Z".to_owned())
}
