//! `usher store copy`

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use secrecy::SecretString;
use tokio::sync::mpsc;

use super::report::{PREFETCH_CHUNKS, count, summary};
use crate::commands::output::say;
use crate::config::{self, Storage, process_environment};
use crate::failure::Failure;
use crate::store::open::OpenError;
use crate::store::postgres::{CopyError, CopyToCells};
use crate::store::report::{Counter, StoreReport};
use crate::store::sqlite::Snapshot;

#[derive(Debug, Args)]
pub struct CopyArgs {
    /// Folder of the embedded store. Nobody may serve from it meanwhile
    #[arg(long, value_name = "FOLDER")]
    pub from: PathBuf,
    /// The database. Rather as a variable, USHER_DATABASE_URL or DATABASE_URL, or as a file that holds it,
    /// USHER_DATABASE_URL_FILE or DATABASE_URL_FILE: other users of the machine can read a password in an option. Several
    /// databases, each for a part of the shards: once each, or separated by white space
    #[arg(long, value_name = "URL")]
    pub to_url: Vec<SecretString>,
}

/// Copies the embedded store into an empty database, and checks the copy.
pub async fn run(args: &CopyArgs) -> Result<(), Failure> {
    let urls = config::copy_target(&args.to_url, &process_environment)?;
    let folder = args.from.clone();
    let snapshot = tokio::task::spawn_blocking(move || Snapshot::alone(&folder)).await.context("opening")??;
    let snapshot = Arc::new(snapshot);
    let mut target = CopyToCells::begin(&urls).await?;
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
    let serve_from = if urls.len() == 1 { "the database" } else { "the databases, in this order," };
    let storage = Storage::Postgres { urls, migrate_on_start: false };
    say(&summary(&storage, &copied));
    say(&format!(
        "both stores hold the same data. Serve from {serve_from} from now on, and no longer from {}, which was not \
         changed\n",
        args.from.display()
    ));
    Ok(())
}

/// Writes every chunk of the snapshot to `target`, and recounts the store from them.
async fn transfer(snapshot: &Arc<Snapshot>, target: &mut CopyToCells) -> Result<StoreReport, Failure> {
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
            CopyError::Broken(_) | CopyError::Unknown(_) | CopyError::Half(..) => Failure::NoAnswer(error.to_string()),
        }
    }
}
