//! `usher migrate`

use std::fmt::Display;

use anyhow::Context;
use clap::Args;

use super::output::say;
use crate::config::{self, Storage, args, process_environment};
use crate::failure::Failure;
use crate::store::open::Migrated;
use crate::store::{postgres, sqlite};
use crate::telemetry;

#[derive(Debug, Args)]
pub struct MigrateArgs {
    #[command(flatten)]
    pub storage: args::Storage,
    #[command(flatten)]
    pub log: args::Log,
}

/// Migrates the schema of the store to this release; of several databases one after the other.
///
/// # Errors
/// [`Failure`]: the store cannot be opened.
pub async fn run(args: &MigrateArgs) -> Result<(), Failure> {
    let (storage, log) = config::migrate(&args.storage, &args.log, &process_environment)?;
    telemetry::start(&log);
    match &storage {
        Storage::Embedded { folder } => {
            let folder = folder.clone();
            let migrated =
                tokio::task::spawn_blocking(move || sqlite::migrate(&folder)).await.context("migrating")??;
            report(&storage, migrated);
        }
        Storage::Postgres { urls, .. } => {
            for url in urls {
                report(url, postgres::migrate(url).await?);
            }
        }
    }
    Ok(())
}

fn report(place: &impl Display, migrated: Migrated) {
    if migrated.from == migrated.to {
        say(&format!("{place}: schema version {}, nothing to do\n", migrated.to));
    } else {
        say(&format!("{place}: schema version {} is now {}\n", migrated.from, migrated.to));
    }
}
