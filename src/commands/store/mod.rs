//! `usher store`: commands of operators about a store. They open the store themselves, without a server.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use secrecy::SecretString;

use super::Storage;

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
    Check(Check),
    /// Write a copy of the embedded store to a file, also beside a running Usher
    #[command(after_help = EXAMPLES)]
    Backup(Backup),
    /// Copy the embedded store into an empty database of PostgreSQL, and check the copy: all of it is there, or nothing
    #[command(after_help = EXAMPLES)]
    Copy(Copy),
}

#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    pub storage: Storage,
}

#[derive(Debug, Args)]
pub struct Backup {
    #[command(flatten)]
    pub storage: Storage,
    /// The file; it must not be there yet. Only its owner can read it
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
}

#[derive(Debug, Args)]
pub struct Copy {
    /// Folder of the embedded store. Nobody may serve from it meanwhile
    #[arg(long, value_name = "FOLDER")]
    pub from: PathBuf,
    /// The database. Rather as a variable, USHER_DATABASE_URL or DATABASE_URL, or as a file that holds it,
    /// USHER_DATABASE_URL_FILE or DATABASE_URL_FILE: other users of the machine can read a password in an option
    #[arg(long, value_name = "URL")]
    pub to_url: Option<SecretString>,
}
