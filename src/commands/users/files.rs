//! `usher users import` and `export`: users as CSV files.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::connection::TenantArgs;
use super::users::Filters;

pub const IMPORT_EXAMPLES: &str = "\
Examples:
  What would happen, and then let it
    usher users import --tenant acme --dry-run staff.csv
    usher users import --tenant acme staff.csv
  The file is everybody there is: block all others but administrators
    usher users import --tenant acme --full --block-unlisted staff.csv

The header names the columns: user_id or email, and any of given_name,
family_name, groups, administrator and account_state (yes or no), pools,
organizations and attributes.NAME. Other columns that an export writes are
passed over. A field is changed if it has a column, and emptied by an empty
cell; account_state yes unblocks, no blocks, and empty leaves it as it is.

Several values in a cell have | between them; \\| is one within a value, and \\\\
a backslash. Seats are only given, never taken: with access to the organizations
of the line; with * or without any to all if the seat is new, and else as it
was. POOL=ORGANIZATION is for one pool of the line.

A file with a wrong line is not sent at all: a quote that nothing closes, for
example. A new user for whom a named pool is full is refused, unless --when-full
says otherwise. --block-unlisted blocks nobody if it would be too many, for the
file may not be whole. Exit code 11 when somebody is not as the file wants it.";

pub const EXPORT_EXAMPLES: &str = "\
Examples:
  Everybody
    usher users export --tenant acme > users.csv
  Whom to invite again, for a spreadsheet of a country with commas in numbers
    usher users export --tenant acme --never-signed-in --delimiter ';' --bom \\
      --columns email,given_name > invite.csv

Columns: user_id, email (the same), given_name, family_name, groups,
administrator, account_state (yes: may sign in), block_cause, pools,
organizations (* is all; POOL=ORGANIZATION where it differs by pool), status,
default_organization_id, last_sign_in_at, last_activity_at, created_at and
attributes.NAME. Cells that a spreadsheet would take for a formula begin with an
apostrophe; an import takes it away again, and changes nothing.";

#[derive(Debug, Args)]
pub struct Import {
    /// The file, in UTF-8; - is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// What stands between two cells [default: what a first line sep=; says, else by the header]
    #[arg(long, value_name = "CHARACTER")]
    pub delimiter: Option<Delimiter>,
    /// The file has everybody: tell who is not in it
    #[arg(long)]
    pub full: bool,
    /// Block who is not in the file, except administrators
    #[arg(long, requires = "full")]
    pub block_unlisted: bool,
    /// Block nobody if it would be more than so many [default: a tenth of the active users, at least 5]
    #[arg(long, value_name = "NUMBER", requires = "block_unlisted")]
    pub max_blocked: Option<u32>,
    /// Who would be new, or active again, and finds a named pool full: refuse, or keep as blocked until a seat is free
    #[arg(long, value_name = "WHAT", default_value = "refuse")]
    pub when_full: WhenFull,
    /// Tell what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub scope: TenantArgs,
}

#[derive(Debug, Args)]
pub struct Export {
    /// The columns in the order wanted, with commas between them
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// What stands between two cells
    #[arg(long, value_name = "CHARACTER", default_value = ",")]
    pub delimiter: Delimiter,
    /// Begin with a byte order mark, without which some spreadsheets take UTF-8 for something else
    #[arg(long)]
    pub bom: bool,
    #[command(flatten)]
    pub filters: Filters,
    #[command(flatten)]
    pub scope: TenantArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum WhenFull {
    Refuse,
    Block,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Delimiter {
    #[value(name = ",")]
    Comma,
    #[value(name = ";")]
    Semicolon,
}

impl Delimiter {
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Delimiter::Comma => ",",
            Delimiter::Semicolon => ";",
        }
    }
}
