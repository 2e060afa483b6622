//! The embedded store: one SQLite file in a directory that one process owns.
//!
//! One thread owns the connection that writes, another one a connection that only reads; both run jobs one after the
//! other. A job that was submitted runs to its end, even if its caller stops waiting.

mod audit;
mod audit_blocks;
mod backup;
mod checkpoint;
mod column;
mod commit;
mod database;
mod directory;
mod error;
mod examine;
mod expiry;
mod files;
mod installation;
mod load;
mod log_mark;
mod row;
mod row_error;
mod schema;
mod shards;
mod snapshot;
mod worker;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

pub use self::backup::{BackupError, backup};
use self::database::{Database, Mode};
pub use self::snapshot::Snapshot;
use self::worker::Worker;
use super::nodes::NodeRef;
use super::open::{Migrated, OpenError};
use super::{
    AuditPage, AuditQuery, Batch, ClaimError, Claimant, CommitError, Expired, Installation, LoadPart, Owner, Position,
    ReadError, Store, StoreError, StoreFuture,
};
use crate::ids::ShardId;
use crate::ledger::change::Change;
use crate::ledger::time::WallTime;

/// A store in one SQLite file.
pub struct SqliteStore {
    writer: Worker,
    reader: Worker,
}

impl SqliteStore {
    /// Opens the store in this directory, and brings the schema up to date. Creates the directory, accessible to its
    /// owner only, if it is missing. Blocks the thread.
    ///
    /// # Errors
    /// Another process uses the directory, a newer release wrote it, or it cannot be used.
    pub fn open(directory: &Path) -> Result<Self, OpenError> {
        let (database, _) = prepared(directory)?;
        let path = database.path().to_owned();
        let writer = Worker::start("usher-sqlite-write", database);
        let reader = Worker::start("usher-sqlite-read", Database::new(path, Mode::Read));
        Ok(Self { writer, reader })
    }
}

/// Brings the schema in this directory up to date and closes it again. Blocks the thread.
///
/// # Errors
/// See [`SqliteStore::open`].
pub fn migrate(directory: &Path) -> Result<Migrated, OpenError> {
    prepared(directory).map(|(_, migrated)| migrated)
}

fn prepared(directory: &Path) -> Result<(Database, Migrated), OpenError> {
    let lock = directory::lock(directory)?;
    let path = directory::database(directory, &lock)?;
    // This check only reads: nothing may be written into the database of another program.
    examine::ours(Database::new(path.clone(), Mode::Read).connection()?)?;
    let mut database = Database::new(path, Mode::Write).holding(lock);
    let connection = database.connection()?;
    let migrated = schema::migrate(connection)?;
    examine::columns(connection)?;
    database.begin_log();
    database.note();
    Ok((database, migrated))
}

impl Store for SqliteStore {
    fn installation(&self, wanted: Installation) -> StoreFuture<'_, Result<Installation, ReadError>> {
        let answer = self.writer.run(move |database| {
            database.is_not_begun_anew()?;
            let installation = installation::read_or_create(database.connection()?, wanted)?;
            database.name(installation.instance)?;
            Ok(installation)
        });
        Box::pin(async { answer.await? })
    }

    fn claim(
        &self,
        shard: ShardId,
        over: Option<Owner>,
        by: Claimant,
    ) -> StoreFuture<'_, Result<(Owner, Position), ClaimError>> {
        let answer = self.writer.run(move |database| shards::claim(database, shard, over, by.token));
        Box::pin(async { answer.await.map_err(ClaimError::Unavailable)? })
    }

    fn load(&self, shard: ShardId, rows: mpsc::Sender<Vec<Change>>) -> StoreFuture<'_, Result<(), ReadError>> {
        let answer = self.reader.run(move |database| load::load(database.connection()?, shard, &rows));
        Box::pin(async { answer.await? })
    }

    fn load_ahead(&self, shard: ShardId, parts: mpsc::Sender<LoadPart>) -> StoreFuture<'_, Result<(), ReadError>> {
        let answer = self.reader.run(move |database| load::load_ahead(database.connection()?, shard, &parts));
        Box::pin(async { answer.await? })
    }

    fn commit(&self, shard: ShardId, owner: Owner, batch: Arc<Batch>) -> StoreFuture<'_, Result<(), CommitError>> {
        let answer = self.writer.run(move |database| commit::commit(database, shard, owner, &batch));
        // On an error the thread did not take the batch, or its answer was lost.
        Box::pin(async { answer.await.map_err(CommitError::Unknown)? })
    }

    fn audit(&self, query: AuditQuery) -> StoreFuture<'_, Result<AuditPage, StoreError>> {
        let answer = self.reader.run(move |database| audit::read(database.connection()?, &query));
        Box::pin(async { answer.await? })
    }

    fn expire_audit(
        &self,
        shard: ShardId,
        now: WallTime,
        keep: Duration,
        max: usize,
    ) -> StoreFuture<'_, Result<Expired, StoreError>> {
        let answer = self.writer.run(move |database| expiry::expire(database.connection()?, shard, now, keep, max));
        Box::pin(async { answer.await? })
    }

    fn is_there(&self) -> StoreFuture<'_, Result<(), StoreError>> {
        let answer = self.writer.run(|database| database.connection().map(drop));
        Box::pin(async { Ok(answer.await??) })
    }

    fn release(&self, shard: ShardId, owner: Owner, _to: Option<NodeRef>) -> StoreFuture<'_, Result<bool, StoreError>> {
        let answer = self.writer.run(move |database| shards::release(database.connection()?, shard, owner));
        Box::pin(async { answer.await? })
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async {
            // The reader stops first: the last connection that closes writes the log back into the database, which only
            // the writer can do.
            self.reader.stop().await;
            self.writer.stop().await;
        })
    }
}

#[cfg(test)]
mod tests;
