//! `usher users`: commands of administrators about users.

use clap::{Args, Subcommand, ValueEnum};
use prost_types::Timestamp;

use super::audit::time;
use super::connection::TenantArgs;
use super::user_batch::UserBatch;
use super::users_files::{EXPORT_EXAMPLES, Export, IMPORT_EXAMPLES, Import};

pub const EXAMPLES: &str = "\
Examples:
  Who signed in last, and who never did
    usher users list --tenant acme --order last-sign-in --descending
    usher users list --tenant acme --never-signed-in
  Who did not sign in this year, of one domain
    usher users list --tenant acme --signed-in-before 2027-01-01 \\
      --id @example.com
  Everybody whose name or email has both words in it
    usher users list --tenant acme --search 'ann example.com'
  One user with all seats
    usher users get --tenant acme ann@example.com
  A new one with a seat in two pools
    usher users create --tenant acme --pool primary --pool crm \\
      --given-name Ann --family-name Archer ann@example.com
  What is known of her changes; what is not named stays as it is
    usher users update --tenant acme --family-name Bell --group sales \\
      ann@example.com
  Ann has another email; change it in the directory first, if there is one
    usher users rename --tenant acme ann@example.com ann.bell@example.com
  Nobody of these signs in from now on, and whoever is signed in is signed out
    usher users block --tenant acme --end-sessions \\
      bob@example.com cid@example.com
    usher users unblock --tenant acme bob@example.com
    usher users delete --tenant acme --users-file gone.txt

What is done for several users is told for each; exit code 11 when it was
denied or refused for some.";

#[derive(Debug, Subcommand)]
pub enum Users {
    /// List users; those who pass every filter that is given
    #[command(after_help = EXAMPLES)]
    List(Box<List>),
    /// Show one user, with seats
    #[command(after_help = EXAMPLES)]
    Get(Get),
    /// Make a user, with seats if wanted: exit code 11 when a pool is full
    #[command(after_help = EXAMPLES)]
    Create(Box<Create>),
    /// Change what is known of a user; what is not named stays as it is
    #[command(after_help = EXAMPLES)]
    Update(Box<Update>),
    /// Give a user another id, such as a new email: seats, sessions and history stay with the person
    #[command(after_help = EXAMPLES)]
    Rename(Rename),
    /// Block users: they cannot sign in, and count nowhere. It can be undone
    #[command(after_help = EXAMPLES)]
    Block(Block),
    /// Unblock users: it needs a free seat in each named pool in which the user has one
    #[command(after_help = EXAMPLES)]
    Unblock(UserBatchArgs),
    /// Delete users for good, and end their sessions. Nobody asks whether you mean it
    #[command(after_help = EXAMPLES)]
    Delete(UserBatchArgs),
    /// Bring users in line with a CSV file: new ones are made, others changed, seats given
    #[command(after_help = IMPORT_EXAMPLES)]
    Import(Import),
    /// Write users as a CSV file; those who pass every filter that is given
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(Box<Export>),
}

#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    pub filters: Filters,
    #[command(flatten)]
    pub order: Order,
    #[command(flatten)]
    pub scope: TenantArgs,
}

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

#[derive(Debug, Args)]
#[command(next_help_heading = "Order")]
pub struct Order {
    /// By what
    #[arg(long, value_name = "ORDER", default_value = "user")]
    pub order: SortKey,
    /// The other way round: the latest sign-in first
    #[arg(long)]
    pub descending: bool,
    /// Only the first so many [default: all]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum SortKey {
    User,
    Name,
    LastSignIn,
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
    /// Without access, so that nothing is told
    Blank,
}

#[derive(Debug, Args)]
pub struct Get {
    /// The user
    #[arg(value_name = "USER")]
    pub user: String,
    /// Tell the status in this organization: blank where access is off [default: the whole tenant]
    #[arg(long, value_name = "ID")]
    pub organization: Option<String>,
    #[command(flatten)]
    pub scope: TenantArgs,
}

#[derive(Debug, Args)]
pub struct Create {
    /// The user: the email, or a login name without spaces
    #[arg(value_name = "USER")]
    pub user: String,
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    /// The given name
    pub given_name: String,
    /// The family name
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub family_name: String,
    /// A group that the user is in; several: once each
    #[arg(long, value_name = "NAME")]
    pub group: Vec<String>,
    /// The user is an administrator
    #[arg(long)]
    pub administrator: bool,
    /// A pool in which the user gets a seat; several: once each
    #[arg(long, value_name = "ID")]
    pub pool: Vec<String>,
    /// What else is to be kept with the user; several: once each
    #[arg(long, value_name = "NAME=TEXT", value_parser = attribute)]
    pub attribute: Vec<(String, String)>,
    #[command(flatten)]
    pub scope: TenantArgs,
}

fn attribute(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("must be NAME=TEXT, such as office=2.17")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[derive(Debug, Args)]
pub struct Update {
    /// The user
    #[arg(value_name = "USER")]
    pub user: String,
    #[command(flatten)]
    pub changes: Changes,
    #[command(flatten)]
    pub scope: TenantArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Changes")]
#[group(required = true, multiple = true)]
pub struct Changes {
    /// The given name; empty: none is known
    #[arg(long, value_name = "NAME")]
    pub given_name: Option<String>,
    /// The family name; empty: none is known
    #[arg(long, value_name = "NAME")]
    pub family_name: Option<String>,
    /// A group that the user is in, instead of all that the user was in; several: once each
    #[arg(long, value_name = "NAME", conflicts_with = "no_groups")]
    pub group: Vec<String>,
    /// The user is in no group
    #[arg(long)]
    pub no_groups: bool,
    /// Whether the user is an administrator
    #[arg(long, value_name = "WORD", value_parser = ["yes", "no"])]
    pub administrator: Option<String>,
    /// What else is to be kept with the user, instead of all that was kept; several: once each
    #[arg(long, value_name = "NAME=TEXT", value_parser = attribute, conflicts_with = "no_attributes")]
    pub attribute: Vec<(String, String)>,
    /// Nothing else is kept with the user
    #[arg(long)]
    pub no_attributes: bool,
}

#[derive(Debug, Args)]
pub struct Rename {
    /// The user, by the id until now
    #[arg(value_name = "USER")]
    pub user: String,
    /// The id from now on: the email, or a login name without spaces. One that somebody has is refused
    #[arg(value_name = "NEW-ID")]
    pub new_user: String,
    #[command(flatten)]
    pub scope: TenantArgs,
}

#[derive(Debug, Args)]
pub struct Block {
    #[command(flatten)]
    pub batch: UserBatch,
    /// End their sessions [default: they go on until their own end]
    #[arg(long)]
    pub end_sessions: bool,
    #[command(flatten)]
    pub scope: TenantArgs,
}

#[derive(Debug, Args)]
pub struct UserBatchArgs {
    #[command(flatten)]
    pub batch: UserBatch,
    #[command(flatten)]
    pub scope: TenantArgs,
}
