//! `usher store check`

use std::fmt::Display;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use tokio::sync::mpsc;

use super::report::{PREFETCH_CHUNKS, count, summary};
use crate::commands::output::say;
use crate::config::{self, Storage, args, process_environment};
use crate::failure::Failure;
use crate::store::Store;
use crate::store::open::OpenError;
use crate::store::postgres::{self, DatabaseUrl, PostgresCells};
use crate::store::report::StoreReport;
use crate::store::sqlite::Snapshot;

#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub storage: args::Storage,
}

/// Counts everything, and checks that it adds up.
pub async fn run(args: &CheckArgs) -> Result<(), Failure> {
    let storage = &config::store(&args.storage, &process_environment)?;
    let problems = match storage {
        Storage::Embedded { folder } => {
            let folder = folder.clone();
            let snapshot =
                tokio::task::spawn_blocking(move || Snapshot::beside(&folder)).await.context("opening")??;
            let snapshot = Arc::new(snapshot);
            let counted = count_embedded(&snapshot).await?;
            let problems = tokio::task::spawn_blocking(move || snapshot.file_problems()).await.context("checking")?;
            [problems.map_err(OpenError::unreadable)?, shown(storage, &counted)].concat()
        }
        Storage::Postgres { urls, .. } => check_databases(urls).await?,
    };
    if problems.is_empty() {
        say("everything adds up\n");
        return Ok(());
    }
    Err(Failure::Damaged(problems))
}

/// Prints what was counted, and returns what does not add up.
fn shown(place: &impl Display, counted: &StoreReport) -> Vec<String> {
    say(&summary(place, counted));
    for note in counted.notes() {
        say(&format!("{note}\n"));
    }
    counted.problems()
}

/// Checks one database after the other. Of several, all must be those of one installation; one alone may be any of them.
async fn check_databases(urls: &[DatabaseUrl]) -> Result<Vec<String>, Failure> {
    let mut problems = Vec::new();
    for (cell, url) in urls.iter().enumerate() {
        let (sender, chunks) = mpsc::channel(PREFETCH_CHUNKS);
        let read = async move { postgres::snapshot(url, &sender).await };
        let (read, counted) = tokio::join!(read, count(chunks));
        read?;
        let found = shown(url, &counted);
        let name = |problem| if urls.len() == 1 { problem } else { format!("cell {cell}: {problem}") };
        problems.extend(found.into_iter().map(name));
    }
    if urls.len() > 1 {
        PostgresCells::open(urls, false).await?.close().await;
    }
    Ok(problems)
}

async fn count_embedded(snapshot: &Arc<Snapshot>) -> Result<StoreReport, Failure> {
    let (sender, chunks) = mpsc::channel(PREFETCH_CHUNKS);
    let snapshot = Arc::clone(snapshot);
    let reading = tokio::task::spawn_blocking(move || snapshot.read(&sender));
    let counted = count(chunks).await;
    reading.await.context("reading")?.map_err(OpenError::unreadable)?;
    Ok(counted)
}
