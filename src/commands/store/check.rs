//! `usher store`: commands of operators about a store.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::Failure;
use super::answers::say;
use crate::cli;
use crate::client::table::{Column, Table, left, right};
use crate::clock::Clock;
use crate::config::{self, ConfigError, Storage, process_environment};
use crate::license::iso;
use crate::store::open::OpenError;
use crate::store::postgres::{self, Copy, CopyError};
use crate::store::recount::{Counter, Shard, StoreReport};
use crate::store::snapshot::SnapshotChunk;
use crate::store::sqlite::{self, BackupError, Snapshot};

/// Chunks that are read ahead while one is counted.
const PREFETCH_CHUNKS: usize = 4;

/// Runs a command about a store.
///
/// # Errors
/// [`Failure`]: all mistakes in the command, or the store is inconsistent or cannot be read.
pub async fn store(command: &cli::store::Store) -> Result<(), Failure> {
    match command {
        cli::store::Store::Check(args) => check(&config::store(&args.storage, &process_environment)?).await,
        cli::store::Store::Backup(args) => backup(&config::store(&args.storage, &process_environment)?, &args.to).await,
        cli::store::Store::Copy(args) => copy(args).await,
    }
}

async fn check(storage: &Storage) -> Result<(), Failure> {
    let (counted, mut problems) = match storage {
        Storage::Embedded { folder } => {
            let folder = folder.clone();
            let snapshot =
                tokio::task::spawn_blocking(move || Snapshot::beside(&folder)).await.context("opening")??;
            let snapshot = Arc::new(snapshot);
            let counted = count_embedded(&snapshot).await?;
            let problems = tokio::task::spawn_blocking(move || snapshot.file_problems()).await.context("checking")?;
            (counted, problems.map_err(OpenError::unreadable)?)
        }
        Storage::Postgres { url, .. } => {
            let (sender, chunks) = mpsc::channel(PREFETCH_CHUNKS);
            let read = async move { postgres::snapshot(url, &sender).await };
            let (read, counted) = tokio::join!(read, count(chunks));
            read?;
            (counted, Vec::new())
        }
    };
    say(&summary(storage, &counted));
    for note in counted.notes() {
        say(&format!("{note}\n"));
    }
    problems.extend(counted.problems());
    if problems.is_empty() {
        say("everything adds up\n");
        return Ok(());
    }
    Err(Failure::Damaged(problems))
}

async fn count_embedded(snapshot: &Arc<Snapshot>) -> Result<StoreReport, Failure> {
    let (sender, chunks) = mpsc::channel(PREFETCH_CHUNKS);
    let snapshot = Arc::clone(snapshot);
    let reading = tokio::task::spawn_blocking(move || snapshot.read(&sender));
    let counted = count(chunks).await;
    reading.await.context("reading")?.map_err(OpenError::unreadable)?;
    Ok(counted)
}

async fn count(mut chunks: mpsc::Receiver<SnapshotChunk>) -> StoreReport {
    let mut counter = Counter::default();
    while let Some(chunk) = chunks.recv().await {
        counter.take(&chunk);
    }
    counter.finish()
}

const COLUMNS: [Column; 9] = [
    right("shard"),
    right("tenants"),
    right("users"),
    right("seats"),
    right("live sessions"),
    right("in use"),
    right("audit events"),
    right("blocks"),
    left("last event"),
];

fn summary(storage: &Storage, counted: &StoreReport) -> String {
    let Some(installation) = counted.installation else {
        return format!("{storage}: nobody has used it yet\n");
    };
    let (instance, shards) = (installation.instance, installation.shards);
    let heading = format!("{storage}: installation {instance}, {shards} shard{}\n", if shards == 1 { "" } else { "s" });
    let rows: Vec<_> = counted.shards.iter().map(row).collect();
    heading + &Table::new(&COLUMNS).lines(&rows, None)
}

fn row(shard: &Shard) -> Vec<String> {
    let rows = |table| shard.rows.get(table).map_or(0, |sum| sum.count);
    let last = shard.last_event.map(|at| format!("{} {}", shard.position.last_event, iso(at)));
    vec![
        shard.id.to_string(),
        rows("tenants").to_string(),
        rows("users").to_string(),
        rows("seats").to_string(),
        shard.totals.sessions.to_string(),
        shard.totals.seats_in_use.to_string(),
        shard.events.count.to_string(),
        shard.blocks.count.to_string(),
        last.unwrap_or_default(),
    ]
}

async fn backup(storage: &Storage, to: &Path) -> Result<(), Failure> {
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

async fn copy(args: &cli::store::Copy) -> Result<(), Failure> {
    let url = config::copy_target(args, &process_environment)?;
    let folder = args.from.clone();
    let snapshot = tokio::task::spawn_blocking(move || Snapshot::alone(&folder)).await.context("opening")??;
    let snapshot = Arc::new(snapshot);
    let mut target = Copy::begin(&url).await?;
    let source = transfer(&snapshot, &mut target).await?;
    if source.installation.is_none() {
        return Err(Failure::Refused(format!("--from: {}: nobody has used this store yet", args.from.display())));
    }

    let (sender, chunks) = mpsc::channel(PREFETCH_CHUNKS);
    let reading = async {
        let read = target.read(&sender).await;
        drop(sender);
        read
    };
    let (read, copied) = tokio::join!(reading, count(chunks));
    read?;
    let differences = source.differences(&copied);
    if !differences.is_empty() {
        let why = "nothing was copied: what the database holds is not what was written".to_owned();
        return Err(Failure::Refused([vec![why], differences].concat().join("\nusher: ")));
    }
    target.commit().await?;
    let storage = Storage::Postgres { url, migrate_on_start: false };
    say(&summary(&storage, &copied));
    say(&format!(
        "both sides hold the same. Serve from the database now, and no more from {}: it is as it was\n",
        args.from.display()
    ));
    Ok(())
}

/// Writes every chunk of the snapshot to `target`, and recounts the store from them.
async fn transfer(snapshot: &Arc<Snapshot>, target: &mut Copy) -> Result<StoreReport, Failure> {
    let (sender, mut chunks) = mpsc::channel(PREFETCH_CHUNKS);
    let source = Arc::clone(snapshot);
    let reading = tokio::task::spawn_blocking(move || source.read(&sender));
    let mut counter = Counter::default();
    while let Some(chunk) = chunks.recv().await {
        counter.take(&chunk);
        target.put(chunk).await?;
    }
    reading.await.context("reading")?.map_err(OpenError::unreadable)?;
    Ok(counter.finish())
}

impl From<CopyError> for Failure {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Open(error) => error.into(),
            CopyError::Used(_) => Failure::Refused(format!("--to-url: {error}")),
            CopyError::Broken(_) | CopyError::Unknown(_) => Failure::NoAnswer(error.to_string()),
        }
    }
}
