//! `usher audit`: lists and exports audit events.

mod export;
mod filters;
mod list;
mod scope;

use clap::Subcommand;

use crate::failure::Failure;

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
    List(Box<list::ListArgs>),
    /// Write events as a file, the newest first: CSV, or with --json a line of JSON for each
    #[command(after_help = EXAMPLES)]
    Export(Box<export::ExportArgs>),
}

impl Audit {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn run(&self) -> Result<(), Failure> {
        match self {
            Audit::List(args) => list::run(args).await,
            Audit::Export(args) => export::run(args).await,
        }
    }
}
