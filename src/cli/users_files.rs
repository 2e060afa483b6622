//! `usher users import` and `export`: directories as CSV files.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::ask::Asked;
use super::users::Filters;

pub const IMPORT_EXAMPLES: &str = "\
Examples:
  What would happen, and then let it
    usher users import --tenant acme --dry-run staff.csv
    usher users import --tenant acme staff.csv
  The file is everybody there is: block all others but administrators
    usher users import --tenant acme --full --block-unlisted staff.csv

The first line names the columns: user_id or email, and any of given_name,
family_name, groups, administrator (yes or no), pools, organizations and
attributes.NAME. Several values in a cell have | between them. A field is
changed if it has a column, and emptied by an empty cell. Seats are only given,
never taken: with access to the organizations of the line; with * or without any
to all if the seat is new, and else as it was. Other columns that an export
writes are passed over. A file with a wrong line is not sent at all; exit code
11 when somebody is not as the file wants it, for want of a seat for example.";

pub const EXPORT_EXAMPLES: &str = "\
Examples:
  Everybody
    usher users export --tenant acme > users.csv
  Whom to invite again, for a spreadsheet of a country with commas in numbers
    usher users export --tenant acme --never-signed-in --delimiter ';' \\
      --columns email,given_name > invite.csv

Columns: user_id, email (the same), given_name, family_name, groups,
administrator, account_state (yes: may sign in), block_cause, pools,
organizations (* is all), status, default_organization_id, last_sign_in_at,
last_activity_at, created_at and attributes.NAME. Cells that a spreadsheet would
take for a formula begin with an apostrophe; an import takes it away again.";

#[derive(Debug, Args)]
pub struct Import {
    /// The file, in UTF-8; - is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// What stands between two cells [default: ; if the first line has one, else ,]
    #[arg(long, value_name = "CHARACTER")]
    pub delimiter: Option<Delimiter>,
    /// The file has everybody: tell who is not in it
    #[arg(long)]
    pub full: bool,
    /// Block who is not in the file, except administrators
    #[arg(long, requires = "full")]
    pub block_unlisted: bool,
    /// Tell what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub asked: Asked,
}

#[derive(Debug, Args)]
pub struct Export {
    /// The columns in the order wanted, with commas between them
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// What stands between two cells
    #[arg(long, value_name = "CHARACTER", default_value = ",")]
    pub delimiter: Delimiter,
    #[command(flatten)]
    pub filters: Filters,
    #[command(flatten)]
    pub asked: Asked,
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
