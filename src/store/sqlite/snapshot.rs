//! Everything in the store, as it stands at one moment: read beside whoever serves from it, or with the lock of its
//! directory.

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Row};
use tokio::sync::mpsc::Sender;

use super::database::{Database, Mode};
use super::row_error::damaged;
use super::{audit, audit_blocks, directory, examine, founding, load, schema, shards};
use crate::ids::ShardId;
use crate::ledger::time::Wall;
use crate::store::audit_block::Block;
use crate::store::open::OpenError;
use crate::store::snapshot::Piece;
use crate::store::{ReadError, StoreError};

/// Events, and blocks, in one piece.
const EVENTS: usize = 4_096;
const BLOCKS: usize = 256;

pub const READ_EVENTS: &str = "/* usher:read_all_audit */
    SELECT tenant_no, event_no, at_ms, actor, action, reason, user_id, pool_id, session_id, organization_id, count,
        detail
    FROM audit WHERE shard_id = ?1 ORDER BY event_no";
pub const READ_BLOCKS: &str = "/* usher:read_all_blocks */
    SELECT first_event_no, last_event_no, oldest_ms, newest_ms, closed_ms, filter
    FROM audit_blocks WHERE shard_id = ?1 ORDER BY last_event_no";

pub const READ_FLOOR: &str =
    "/* usher:read_floor */ SELECT shard_id, first_event_no FROM audit_floor WHERE shard_id = ?1";

/// A store that is there, and has this release's schema.
pub struct Snapshot {
    path: PathBuf,
    /// Held: nobody serves from it.
    _lock: Option<File>,
}

impl Snapshot {
    /// Beside whoever serves from it.
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

    /// Alone: for as long as the answer lives nobody can serve from it.
    ///
    /// # Errors
    /// As [`Snapshot::beside`], or another process has the directory.
    pub fn alone(directory: &Path) -> Result<Self, OpenError> {
        directory::existing(directory)?;
        let lock = directory::lock(directory)?;
        Ok(Self { _lock: Some(lock), ..Self::beside(directory)? })
    }

    /// Sends everything. Blocks the thread.
    ///
    /// # Errors
    /// The file cannot be read, or nobody takes the pieces.
    pub fn read(&self, pieces: &Sender<Piece>) -> Result<(), ReadError> {
        let mut database = Database::new(self.path.clone(), Mode::Read);
        // All that is read is of the moment of the first statement.
        let transaction = database.connection()?.transaction()?;
        let founded = founding::read(&transaction)?;
        send(pieces, Piece::Founding(founded))?;
        for shard in (0..founded.map_or(0, |founded| founded.shards)).map(ShardId) {
            let (owner, position) = shards::read(&transaction, shard)?;
            send(pieces, Piece::Shard(shard, owner, position))?;
            load::load(&transaction, shard, pieces)?;
            each(&transaction, (READ_BLOCKS, "audit_blocks"), shard, BLOCKS, block, |blocks| {
                send(pieces, Piece::Blocks(blocks))
            })?;
            each(&transaction, (READ_EVENTS, "audit"), shard, EVENTS, audit::event, |events| {
                send(pieces, Piece::Events(events))
            })?;
        }
        Ok(())
    }

    /// What SQLite itself finds wrong with the file: pages that are damaged, keys out of order. Blocks the thread.
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

fn each<T>(
    connection: &Connection,
    (sql, table): (&str, &str),
    shard: ShardId,
    chunk: usize,
    parse: fn(&Row<'_>) -> Result<T, StoreError>,
    mut take: impl FnMut(Vec<T>) -> Result<(), StoreError>,
) -> Result<(), ReadError> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([shard.0])?;
    let mut found = Vec::with_capacity(chunk);
    while let Some(row) = rows.next()? {
        // Its number is the second column of both.
        found.push(parse(row).map_err(|error| damaged(table, row, &[1], &error))?);
        if found.len() == chunk {
            take(std::mem::replace(&mut found, Vec::with_capacity(chunk)))?;
        }
    }
    if found.is_empty() { Ok(()) } else { Ok(take(found)?) }
}

fn block(row: &Row<'_>) -> Result<Block, StoreError> {
    Ok(Block {
        first: audit_blocks::number(row, 0)?,
        last: audit_blocks::number(row, 1)?,
        oldest: Wall(row.get(2)?),
        newest: Wall(row.get(3)?),
        closed: Wall(row.get(4)?),
        filter: row.get(5)?,
    })
}

fn send(pieces: &Sender<Piece>, piece: Piece) -> Result<(), StoreError> {
    pieces.blocking_send(piece).map_err(|_| StoreError("nobody takes the pieces".into()))
}
