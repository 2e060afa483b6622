//! Opens the store, and starts the journal on it.

use std::sync::Arc;

use anyhow::Context;

use crate::config::{Config, Storage};
use crate::failure::Failure;
use crate::ids;
use crate::journal::{JournalConfig, StartError};
use crate::ledger::notification::Channels;
use crate::ledger::{self, Seed};
use crate::store::nodes::NodeStore;
use crate::store::open::OpenError;
use crate::store::postgres::PostgresCells;
use crate::store::sqlite::SqliteStore;
use crate::store::{Installation, Store};

/// The store, and its tables of processes, one of each cell, if several processes can share it.
pub(super) type Opened = (Arc<dyn Store>, Option<Vec<Arc<dyn NodeStore>>>);

pub(super) async fn open(config: &Config) -> Result<Opened, Failure> {
    match &config.storage {
        Storage::Embedded { folder } => {
            let folder = folder.clone();
            let opened = tokio::task::spawn_blocking(move || SqliteStore::open(&folder));
            Ok((Arc::new(opened.await.context("opening the store")??), None))
        }
        Storage::Postgres { urls, migrate_on_start } => {
            let store = PostgresCells::open(urls, *migrate_on_start).await?;
            store.limit_reads(config.database_connections);
            let nodes = store.node_stores();
            Ok((Arc::new(store), Some(nodes)))
        }
    }
}

pub(super) async fn installation(config: &Config, store: &Arc<dyn Store>) -> Result<Installation, Failure> {
    let wanted = Installation::new(config.shards);
    let installation = store.installation(wanted).await.map_err(OpenError::from)?;
    if config.shards_given && installation.shards != config.shards {
        let fixed = installation.shards;
        tracing::warn!("--shards {} has no effect: this store has {fixed}, fixed at its first start", config.shards);
    }
    Ok(installation)
}

/// Settings of the journal.
pub(super) fn journal_config(config: &Config) -> JournalConfig {
    JournalConfig {
        ledger: ledger::Config {
            demo_seats: config.demo_seats,
            channels: Channels { email: config.notify.email.is_some(), webhook: config.notify.webhook.is_some() },
            rates: config.rates,
            seed: Seed(ids::random_seed()),
        },
        queue: config.limits.queue_length,
        batch: config.limits.batch_size,
    }
}

/// Why the process ends when a shard cannot be opened.
pub(super) fn not_opened(error: StartError) -> Failure {
    match error {
        StartError::Store(error) => OpenError::Unreachable(error).into(),
        StartError::Taken(_) | StartError::Held(_) | StartError::Stopping => Failure::OwnershipLost,
        StartError::Damaged(_, error) => OpenError::Damaged(error).into(),
    }
}
