//! The store of an installation on PostgreSQL: of one database, or of several cells. Each call goes to the database of
//! its shard, and no transaction spans two.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::mpsc;

use super::{DatabaseUrl, PostgresStore, cell_records};
use crate::ids::ShardId;
use crate::ledger::change::Change;
use crate::ledger::time::WallTime;
use crate::store::nodes::{NodeRef, NodeStore};
use crate::store::open::OpenError;
use crate::store::{
    AuditPage, AuditQuery, Batch, Cell, ClaimError, Claimant, CommitError, Expired, Installation, LoadPart, Owner,
    Position, ReadError, Store, StoreError, StoreFuture,
};

/// The databases of an installation, in the order of their cells.
pub struct PostgresCells {
    stores: Vec<Arc<PostgresStore>>,
    /// Number of shards, known once [`Store::installation`] has answered.
    shards: OnceLock<u16>,
}

impl PostgresCells {
    /// Opens every database, as [`PostgresStore::open`] does.
    ///
    /// # Errors
    /// One of them cannot be opened, or they are not those of one installation, all of them and in their order.
    pub async fn open(urls: &[DatabaseUrl], migrate: bool) -> Result<Self, OpenError> {
        let mut stores = Vec::with_capacity(urls.len());
        for url in urls {
            stores.push(Arc::new(PostgresStore::open(url, migrate).await?));
        }
        let cells = Self { stores, shards: OnceLock::new() };
        cell_records::known(&cells.all()).await?.map_err(OpenError::Address)?;
        Ok(cells)
    }

    /// See [`PostgresStore::limit_reads`]: the number is for each database.
    pub fn limit_reads(&self, connections: usize) {
        self.stores.iter().for_each(|store| store.limit_reads(connections));
    }

    /// The tables of nodes, of each cell its own.
    #[must_use]
    pub fn node_stores(&self) -> Vec<Arc<dyn NodeStore>> {
        self.stores.iter().map(|store| Arc::clone(store) as Arc<dyn NodeStore>).collect()
    }

    fn all(&self) -> Vec<&PostgresStore> {
        self.stores.iter().map(|store| &**store).collect()
    }

    fn of(&self, shard: ShardId) -> &PostgresStore {
        let cells = u16::try_from(self.stores.len()).unwrap_or(u16::MAX);
        let shards = self.shards.get().copied().unwrap_or(1);
        // A shard that does not exist is in no database, and the last one says so.
        let number = Cell::number_of(shard, shards, cells).min(cells.saturating_sub(1));
        &self.stores[usize::from(number)]
    }
}

impl Store for PostgresCells {
    fn installation(&self, wanted: Installation) -> StoreFuture<'_, Result<Installation, ReadError>> {
        Box::pin(async move {
            let stores = self.all();
            let installation = cell_records::agree(&stores, wanted).await?;
            let cells = Cell::all(u16::try_from(stores.len()).unwrap_or(u16::MAX));
            for (store, cell) in stores.into_iter().zip(cells) {
                store.check_room(cell.shards(installation.shards)).await?;
            }
            let _ = self.shards.set(installation.shards);
            Ok(installation)
        })
    }

    fn claim(
        &self,
        shard: ShardId,
        over: Option<Owner>,
        by: Claimant,
    ) -> StoreFuture<'_, Result<(Owner, Position), ClaimError>> {
        self.of(shard).claim(shard, over, by)
    }

    fn load(&self, shard: ShardId, rows: mpsc::Sender<Vec<Change>>) -> StoreFuture<'_, Result<(), ReadError>> {
        self.of(shard).load(shard, rows)
    }

    fn load_ahead(&self, shard: ShardId, parts: mpsc::Sender<LoadPart>) -> StoreFuture<'_, Result<(), ReadError>> {
        self.of(shard).load_ahead(shard, parts)
    }

    fn commit(&self, shard: ShardId, owner: Owner, batch: Arc<Batch>) -> StoreFuture<'_, Result<(), CommitError>> {
        self.of(shard).commit(shard, owner, batch)
    }

    fn audit(&self, query: AuditQuery) -> StoreFuture<'_, Result<AuditPage, StoreError>> {
        self.of(query.shard).audit(query)
    }

    fn expire_audit(
        &self,
        shard: ShardId,
        now: WallTime,
        keep: Duration,
        max: usize,
    ) -> StoreFuture<'_, Result<Expired, StoreError>> {
        self.of(shard).expire_audit(shard, now, keep, max)
    }

    fn release(&self, shard: ShardId, owner: Owner, to: Option<NodeRef>) -> StoreFuture<'_, Result<bool, StoreError>> {
        self.of(shard).release(shard, owner, to)
    }

    /// Closes all at once: one that does not answer does not hold up the others.
    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async { drop(join_all(self.stores.iter().map(|store| store.close())).await) })
    }
}
