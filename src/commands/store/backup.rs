//! `usher store backup`

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use tokio::runtime::Handle;

use crate::clock::Clock;
use crate::commands::output::say;
use crate::config::{self, ConfigError, Storage, args, process_environment};
use crate::failure::Failure;
use crate::store::sqlite::{self, BackupError};

#[derive(Debug, Args)]
pub struct BackupArgs {
    #[command(flatten)]
    pub storage: args::Storage,
    /// The file; it must not be there yet. Only its owner can read it
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
}

/// Copies the embedded store as it is now into a file.
pub async fn run(args: &BackupArgs) -> Result<(), Failure> {
    let (storage, to) = (&config::store(&args.storage, &process_environment)?, &args.to);
    let Storage::Embedded { folder } = storage else {
        let why = "is for the embedded store; PostgreSQL's own pg_dump backs up a database (docs/OPERATIONS.md)";
        return Err(ConfigError(vec![format!("{storage}: `usher store backup` {why}")]).into());
    };
    let (folder, file, clock) = (folder.clone(), to.to_owned(), Clock::system());
    let timer = clock.clone();
    let taken = tokio::task::spawn_blocking(move || {
        let (runtime, mut since) = (Handle::current(), timer.monotonic());
        // Sleeps for half of the time, so that servers on this store are not slowed down.
        let rest = || {
            runtime.block_on(tokio::time::sleep(timer.monotonic().saturating_sub(since)));
            since = timer.monotonic();
        };
        sqlite::backup(&folder, &file, rest)
    });
    let bytes = taken.await.context("backing up")?.map_err(|error| match error {
        BackupError::Open(error) => error.into(),
        target @ BackupError::Target { .. } => Failure::Refused(format!("--to: {target}")),
    })?;
    let took = clock.monotonic().as_secs_f64();
    say(&format!("{}: {bytes} bytes, in {took:.1} s\n", to.display()));
    Ok(())
}
