//! A connection that is opened again after it broke.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::ids::ShardId;
use crate::store::audit_block::OpenBlock;
use crate::store::{ReadError, StoreError};

/// How long to wait for a lock: only a foreign tool (a backup, a shell) can hold one.
const BUSY: Duration = Duration::from_secs(5);
/// More than there are statements.
const STATEMENTS: usize = 64;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Read,
    Write,
}

pub struct Database {
    path: PathBuf,
    mode: Mode,
    connection: Option<Connection>,
    /// Of shards whose last batch this connection committed.
    open_blocks: BTreeMap<ShardId, OpenBlock>,
    /// Held for as long as somebody can write. Declared last: let go of after the connection is closed.
    lock: Option<File>,
}

impl Database {
    pub fn new(path: PathBuf, mode: Mode) -> Self {
        Self { path, mode, connection: None, open_blocks: BTreeMap::new(), lock: None }
    }

    #[must_use]
    pub fn holding(mut self, lock: File) -> Self {
        self.lock = Some(lock);
        self
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The connection, opened when there is none.
    pub fn connection(&mut self) -> Result<&mut Connection, ReadError> {
        match &mut self.connection {
            Some(connection) => Ok(connection),
            none => Ok(none.insert(open(&self.path, self.mode)?)),
        }
    }

    /// Forgets the connection: after a failed write (a full disk, an I/O error) nothing in its memory is trusted.
    pub fn broken(&mut self) {
        self.connection = None;
        self.open_blocks.clear();
    }

    /// The audit block to which the shard's next events belong; `None`: what is stored has to tell.
    pub fn take_open_block(&mut self, shard: ShardId) -> Option<OpenBlock> {
        self.open_blocks.remove(&shard)
    }

    /// After a commit: `block` knows every event of the shard that is in no block yet.
    pub fn keep_open_block(&mut self, shard: ShardId, block: OpenBlock) {
        self.open_blocks.insert(shard, block);
    }
}

/// 16 MiB of pages in memory; and the log is brought into the file when it has as many, by when most of its pages were
/// written many times.
const CACHE: &str = "PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4096;";

fn open(path: &Path, mode: Mode) -> Result<Connection, ReadError> {
    let access = match mode {
        Mode::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Mode::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    // No mutex: a connection has one thread.
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    if mode == Mode::Write {
        let journal: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        if journal != "wal" {
            return Err(StoreError(format!("{}: no write-ahead log possible here", path.display())).into());
        }
        // A commit is on the disk before it is answered. On macOS only F_FULLFSYNC does that.
        connection
            .execute_batch("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;")?;
        connection.execute_batch(CACHE)?;
    }
    Ok(connection)
}
