//! `usher store`: commands of operators about a store. They open the store themselves, without a server.

mod backup;
mod check;
mod copy;
mod report;

use clap::Subcommand;

use crate::failure::Failure;

pub const EXAMPLES: &str = "\
Examples:
  Count everything in a store, and check that it adds up; also beside a
  running Usher
    usher store check --data-dir /var/lib/usher
  A copy of the embedded store as it is now, beside a running Usher
    usher store backup --data-dir /var/lib/usher --to usher-1.db
  Bring it back: into an empty folder, under the store's name
    install -m 600 -D usher-1.db restored/usher.db
    usher serve --data-dir restored
  Move from the embedded store, which nobody serves from, to PostgreSQL
    DATABASE_URL=postgres://usher@db/usher usher store copy \\
      --from /var/lib/usher

docs/OPERATIONS.md says more, and how PostgreSQL is backed up.";

#[derive(Debug, Subcommand)]
pub enum Store {
    /// Count everything in a store and check that it adds up, without changing it: exit code 0, or 12 when it does not
    #[command(after_help = EXAMPLES)]
    Check(check::CheckArgs),
    /// Write a copy of the embedded store to a file, also beside a running Usher
    #[command(after_help = EXAMPLES)]
    Backup(backup::BackupArgs),
    /// Copy the embedded store into an empty database of PostgreSQL, and check the copy: all of it is there, or nothing
    #[command(after_help = EXAMPLES)]
    Copy(copy::CopyArgs),
}

impl Store {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn run(&self) -> Result<(), Failure> {
        match self {
            Store::Check(args) => check::run(args).await,
            Store::Backup(args) => backup::run(args).await,
            Store::Copy(args) => copy::run(args).await,
        }
    }
}
