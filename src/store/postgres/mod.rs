//! The PostgreSQL store, for production.
//!
//! Each shard has one connection that writes, opened when it is first needed and again after it broke. A small pool
//! serves the few reads that go to the database.

mod audit;
mod audit_blocks;
mod batch;
mod bucket;
mod cell_records;
mod cells;
mod column;
mod commit;
mod connection;
mod copy;
mod copy_to_cells;
mod error;
mod expiry;
mod heartbeat;
mod installation;
mod load;
mod migration;
mod node_rows;
mod nodes;
mod pool;
mod put;
mod room;
mod schema;
mod session;
mod shards;
mod snapshot;
mod statements;
mod tls;
mod url;
mod writer;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use self::cell_records::Found;
pub use self::cells::PostgresCells;
use self::connection::Connector;
pub use self::copy::CopyError;
pub use self::copy_to_cells::CopyToCells;
use self::installation::Record;
use self::nodes::Nodes;
use self::pool::Pool;
pub use self::snapshot::snapshot;
pub use self::url::DatabaseUrl;
use self::writer::Writer;
use super::nodes::{ClusterSnapshot, NewNode, NodeHeartbeat, NodeRef, NodeStore};
use super::open::{Migrated, OpenError};
use super::{
    AuditPage, AuditQuery, Batch, ClaimError, Claimant, CommitError, Expired, Installation, LoadPart, Owner, Position,
    ReadError, Store, StoreError, StoreFuture,
};
use crate::ids::{ShardId, ShardRange};
use crate::ledger::change::Change;
use crate::ledger::time::WallTime;

/// A store in a PostgreSQL database: all of an installation, or one of its cells ([`PostgresCells`]).
pub struct PostgresStore {
    connector: Arc<Connector>,
    writers: Mutex<BTreeMap<ShardId, Arc<Writer>>>,
    pool: Pool,
    nodes: Nodes,
}

impl PostgresStore {
    /// Opens the store. With `migrate`, brings the schema up to date first; otherwise an outdated schema is refused.
    ///
    /// # Errors
    /// The database does not answer or refuses the connection, its connections are not sessions (see `session`), or its
    /// schema is not this release's.
    pub async fn open(url: &DatabaseUrl, migrate: bool) -> Result<Self, OpenError> {
        let connector = Connector::new(url);
        session::check(&connector).await?;
        if migrate {
            migration::migrate(&connector).await?;
        } else {
            schema::check(&connector).await?;
        }
        let pool = Pool::new(&connector).map_err(OpenError::Other)?;
        let connector = Arc::new(connector);
        let nodes = Nodes::new(Arc::clone(&connector));
        Ok(Self { connector, writers: Mutex::default(), pool, nodes })
    }

    /// Sets the maximum number of connections for reads; without a call it is 4. The connections that write, one for each
    /// shard, and the one for heartbeats come on top.
    pub fn limit_reads(&self, connections: usize) {
        self.pool.limit(connections);
    }

    /// Reads what the database holds.
    async fn found(&self) -> Result<Found, ReadError> {
        let client = self.pool.get().await?;
        let (record, claimed) = (installation::read(&client).await?, installation::was_claimed(&client).await?);
        Ok(Found { record, claimed })
    }

    async fn read_or_create(&self, wanted: Record) -> Result<Record, ReadError> {
        let mut client = self.pool.get().await?;
        Ok(installation::read_or_create(&mut client, wanted).await?)
    }

    /// Checks that the server allows enough connections for the shards that this database has.
    async fn check_room(&self, shards: ShardRange) -> Result<(), ReadError> {
        let client = self.pool.get().await?;
        Ok(room::check(&client, room::Need { shards: shards.count(), reads: self.pool.max_size() }).await?)
    }

    fn writer(&self, shard: ShardId) -> Arc<Writer> {
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        writers.entry(shard).or_insert_with(|| Arc::new(Writer::new(shard, self.connector.clone()))).clone()
    }
}

/// Brings the schema up to date, one process at a time.
///
/// # Errors
/// See [`PostgresStore::open`].
pub async fn migrate(url: &DatabaseUrl) -> Result<Migrated, OpenError> {
    let connector = Connector::new(url);
    session::check(&connector).await?;
    migration::migrate(&connector).await
}

impl Store for PostgresStore {
    /// Also checks that the server allows enough connections for so many shards.
    fn installation(&self, wanted: Installation) -> StoreFuture<'_, Result<Installation, ReadError>> {
        Box::pin(async move {
            let installation = cell_records::agree(&[self], wanted).await?;
            self.check_room(installation.shards.into()).await?;
            Ok(installation)
        })
    }

    fn claim(
        &self,
        shard: ShardId,
        over: Option<Owner>,
        by: Claimant,
    ) -> StoreFuture<'_, Result<(Owner, Position), ClaimError>> {
        let writer = self.writer(shard);
        Box::pin(async move { writer.claim(over, by).await })
    }

    fn load(&self, shard: ShardId, rows: mpsc::Sender<Vec<Change>>) -> StoreFuture<'_, Result<(), ReadError>> {
        let writer = self.writer(shard);
        Box::pin(async move { writer.load(rows).await })
    }

    fn load_ahead(&self, shard: ShardId, parts: mpsc::Sender<LoadPart>) -> StoreFuture<'_, Result<(), ReadError>> {
        let writer = self.writer(shard);
        Box::pin(async move { writer.load_ahead(parts).await })
    }

    fn commit(&self, shard: ShardId, owner: Owner, batch: Arc<Batch>) -> StoreFuture<'_, Result<(), CommitError>> {
        let writer = self.writer(shard);
        Box::pin(async move { writer.commit(owner, batch).await })
    }

    fn audit(&self, query: AuditQuery) -> StoreFuture<'_, Result<AuditPage, StoreError>> {
        Box::pin(async move {
            let client = self.pool.get().await?;
            audit::read(&client, &query).await
        })
    }

    fn expire_audit(
        &self,
        shard: ShardId,
        now: WallTime,
        keep: Duration,
        max: usize,
    ) -> StoreFuture<'_, Result<Expired, StoreError>> {
        Box::pin(async move {
            let mut client = self.pool.get().await?;
            expiry::expire(&mut client, shard, now, keep, max).await
        })
    }

    fn release(&self, shard: ShardId, owner: Owner, to: Option<NodeRef>) -> StoreFuture<'_, Result<bool, StoreError>> {
        let writer = self.writer(shard);
        Box::pin(async move { writer.release(owner, to).await })
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async {
            self.connector.close();
            let writers = std::mem::take(&mut *self.writers.lock().unwrap_or_else(PoisonError::into_inner));
            for writer in writers.into_values() {
                writer.close().await;
            }
            self.pool.close();
            self.nodes.close().await;
        })
    }
}

impl NodeStore for PostgresStore {
    fn join(&self, node: NewNode) -> StoreFuture<'_, Result<(), StoreError>> {
        Box::pin(self.nodes.join(node))
    }

    fn heartbeat(&self, heartbeat: NodeHeartbeat) -> StoreFuture<'_, Result<ClusterSnapshot, StoreError>> {
        Box::pin(self.nodes.heartbeat(heartbeat))
    }

    fn declare_dead(&self, node: NodeRef, heartbeat: Option<i64>) -> StoreFuture<'_, Result<bool, StoreError>> {
        Box::pin(self.nodes.declare_dead(node, heartbeat))
    }

    fn leave(&self, node: NodeRef) -> StoreFuture<'_, Result<(), StoreError>> {
        Box::pin(self.nodes.leave(node))
    }
}
