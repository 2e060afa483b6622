//! Snapshot of a store, as it is at one moment: read while a service may run, or with the lock of its directory.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tokio::sync::mpsc::Sender;

use super::database::{Database, Mode};
use super::directory::Lock;
use super::row_error::damaged;
use super::{audit_blocks, directory, examine, installation, load, schema, shards};
use crate::ids::{EventNo, ShardId};
use crate::ledger::change::AuditEvent;
use crate::store::audit_block::Block;
use crate::store::open::OpenError;
use crate::store::snapshot::SnapshotChunk;
use crate::store::table::{Table, select};
use crate::store::{ReadError, StoreError};

/// Maximum numbers of events and of blocks in a chunk.
const CHUNK_EVENTS: usize = 4_096;
const CHUNK_BLOCKS: usize = 256;

pub const READ_FLOOR: &str =
    "/* usher:read_floor */ SELECT shard_id, first_event_no FROM audit_floor WHERE shard_id = ?1";

pub fn read_events() -> String {
    let select = select::<AuditEvent>();
    format!(
        "/* usher:read_all_audit */ {select} WHERE shard_id = ?1 AND event_no > ?2 AND event_no <= ?3 ORDER BY event_no"
    )
}

pub fn read_blocks() -> String {
    let select = select::<Block>();
    format!(
        "/* usher:read_all_blocks */ {select} WHERE shard_id = ?1 AND last_event_no > ?2 ORDER BY last_event_no LIMIT ?3"
    )
}

/// An existing store with this release's schema.
pub struct Snapshot {
    path: PathBuf,
    /// While this lock is held, no service can use the store.
    _lock: Option<Lock>,
}

impl Snapshot {
    /// Snapshot of a store that a service may be using.
    ///
    /// # Errors
    /// There is no store, it cannot be read, or another release wrote it.
    pub fn beside(directory: &Path) -> Result<Self, OpenError> {
        let path = directory::existing(directory)?;
        let mut database = Database::new(path.clone(), Mode::Read);
        let connection = database.connection()?;
        examine::ours(connection)?;
        schema::check(connection)?;
        examine::columns(connection)?;
        Ok(Self { path, _lock: None })
    }

    /// Snapshot with the lock of the directory: no service can use the store until the returned value is dropped.
    ///
    /// # Errors
    /// See [`Snapshot::beside`]; also, another process may use the directory.
    pub fn alone(directory: &Path) -> Result<Self, OpenError> {
        directory::existing(directory)?;
        let lock = directory::lock(directory)?;
        Ok(Self { _lock: Some(lock), ..Self::beside(directory)? })
    }

    /// Sends all chunks. Blocks the thread.
    ///
    /// # Errors
    /// The file cannot be read, or the receiver is gone.
    pub fn read(&self, chunks: &Sender<SnapshotChunk>) -> Result<(), ReadError> {
        let mut database = Database::new(self.path.clone(), Mode::Read);
        // All statements see the store at the moment of the first one.
        let transaction = database.connection()?.transaction()?;
        let installation = installation::read(&transaction)?;
        send(chunks, SnapshotChunk::Installation(installation))?;
        count_unowned_rows(&transaction, installation.map_or(0, |installation| installation.shards), chunks)?;
        for shard in (0..installation.map_or(0, |installation| installation.shards)).map(ShardId) {
            let (owner, position) = shards::read(&transaction, shard)?;
            send(chunks, SnapshotChunk::Shard(shard, owner, Box::new(position), floor(&transaction, shard)?))?;
            load::load(&transaction, shard, chunks)?;
            audit_of(&transaction, shard, chunks)?;
        }
        Ok(())
    }

    /// Errors that SQLite's own check finds in the file: damaged pages, keys out of order; 20 at most. Blocks the
    /// thread.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn file_problems(&self) -> Result<Vec<String>, ReadError> {
        let mut database = Database::new(self.path.clone(), Mode::Read);
        let mut statement = database.connection()?.prepare("/* usher:check_file */ PRAGMA quick_check(20)")?;
        let lines = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
        Ok(lines.into_iter().filter(|line| line != "ok").collect())
    }
}

/// Sends the number of rows that belong to no shard, for each table.
fn count_unowned_rows(connection: &Connection, shards: u16, chunks: &Sender<SnapshotChunk>) -> Result<(), ReadError> {
    for (table, _) in load::statements().filter(|(table, _)| *table != "installation") {
        let sql =
            format!("/* usher:count_strays */ SELECT count(*) FROM {table} WHERE shard_id NOT BETWEEN 0 AND ?1 - 1");
        let rows: i64 = connection.query_row(&sql, [shards], |row| row.get(0))?;
        if rows > 0 {
            send(chunks, SnapshotChunk::UnownedRows(table, rows.unsigned_abs()))?;
        }
    }
    Ok(())
}

/// Sends blocks and events in turns, so that a reader that compares them need not keep all blocks.
fn audit_of(connection: &Connection, shard: ShardId, chunks: &Sender<SnapshotChunk>) -> Result<(), ReadError> {
    let mut done = 0;
    loop {
        let mut blocks = Vec::with_capacity(CHUNK_BLOCKS);
        let mut statement = connection.prepare_cached(&read_blocks())?;
        let mut rows = statement.query((shard.0, done, CHUNK_BLOCKS as i64))?;
        while let Some(row) = rows.next()? {
            blocks.push(Block::read(row).map_err(|error| damaged("audit_blocks", row, &[0], &error))?);
        }
        let last = blocks.last().map_or(i64::MAX, |block| block.last.0.cast_signed());
        if !blocks.is_empty() {
            send(chunks, SnapshotChunk::Blocks(blocks))?;
        }
        events(connection, shard, (done, last), chunks)?;
        if last == i64::MAX {
            return Ok(());
        }
        done = last;
    }
}

/// Sends the events above the first number, up to the second.
fn events(
    connection: &Connection,
    shard: ShardId,
    (above, last): (i64, i64),
    chunks: &Sender<SnapshotChunk>,
) -> Result<(), ReadError> {
    let mut statement = connection.prepare_cached(&read_events())?;
    let mut rows = statement.query((shard.0, above, last))?;
    let mut found = Vec::with_capacity(CHUNK_EVENTS);
    while let Some(row) = rows.next()? {
        found.push(AuditEvent::read(row).map_err(|error| damaged("audit", row, &[0], &error))?);
        if found.len() == CHUNK_EVENTS {
            send(chunks, SnapshotChunk::Events(std::mem::replace(&mut found, Vec::with_capacity(CHUNK_EVENTS))))?;
        }
    }
    if found.is_empty() { Ok(()) } else { Ok(send(chunks, SnapshotChunk::Events(found))?) }
}

/// Number of the first event that must exist.
fn floor(connection: &Connection, shard: ShardId) -> Result<EventNo, ReadError> {
    let mut statement = connection.prepare(READ_FLOOR)?;
    let mut rows = statement.query([shard.0])?;
    match rows.next()? {
        Some(row) => audit_blocks::number(row, 1).map_err(|error| damaged("audit_floor", row, &[0], &error)),
        None => Err(ReadError::Damaged(StoreError(format!("audit_floor (shard_id {shard}): the row is not there")))),
    }
}

fn send(chunks: &Sender<SnapshotChunk>, chunk: SnapshotChunk) -> Result<(), StoreError> {
    chunks.blocking_send(chunk).map_err(|_| StoreError("nobody takes the pieces".into()))
}
