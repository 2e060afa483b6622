//! A connection to the database that is opened again after it broke.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
use rusqlite::hooks::Wal;
use rusqlite::{Connection, OpenFlags};

use super::checkpoint::Checkpoint;
use super::directory::Lock;
use super::examine::beside;
use super::files::Files;
use super::{installation, log_mark};
use crate::ids::{InstanceId, ShardId};
use crate::store::audit_block::OpenBlock;
use crate::store::{ReadError, StoreError};

/// Time to wait for a lock: only a foreign tool (a backup, a shell) can hold one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Capacity for cached statements; more than the number of statements.
const MAX_CACHED_STATEMENTS: usize = 64;
/// The value changes when another connection commits.
const DATA_VERSION: &str = "/* usher:data_version */ PRAGMA data_version";
/// Pages in the log after which it is checkpointed. By then most of its pages were written many times.
const LOG_PAGES: i64 = 4_096;
/// Pages after which the next attempt is made if a reader still used the log.
const RETRY_PAGES: i64 = 512;

/// Access of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Read,
    Write,
}

/// One connection to the database file, used by one thread.
pub struct Database {
    path: PathBuf,
    mode: Mode,
    connection: Option<Connection>,
    /// The database's files; only for the writer, because only writes are acknowledged.
    files: Option<Files>,
    /// Value of [`DATA_VERSION`] when another connection's commit was last detected.
    version: i64,
    /// The files are not those that were opened: their present state must not be recorded.
    blocked: bool,
    /// A write of this connection was not recorded, because the files were missing.
    unnoted: bool,
    /// Number of pages in the log after the last commit of this connection.
    log_pages: Arc<AtomicI64>,
    /// Number of pages at which the next log is begun; `None`: this process does not begin logs.
    renew_at: Option<i64>,
    /// The running checkpoint, if any; it copies the log into the database beside this connection.
    checkpoint: Option<Checkpoint>,
    /// Open audit blocks of the shards whose last batch this connection committed.
    open_blocks: BTreeMap<ShardId, OpenBlock>,
    /// Held for as long as this process may write. Declared last, so that it is released after the connection is
    /// closed.
    lock: Option<Lock>,
}

impl Database {
    pub fn new(path: PathBuf, mode: Mode) -> Self {
        let files = (mode == Mode::Write).then(|| Files::new(&path));
        Self {
            path,
            mode,
            connection: None,
            files,
            version: 0,
            blocked: false,
            unnoted: false,
            log_pages: Arc::default(),
            renew_at: None,
            checkpoint: None,
            open_blocks: BTreeMap::new(),
            lock: None,
        }
    }

    /// Adds the lock of the directory, to be held for as long as this connection exists.
    #[must_use]
    pub fn holding(mut self, lock: Lock) -> Self {
        self.lock = Some(lock);
        self
    }

    pub fn only_reads(&self) -> bool {
        self.mode == Mode::Read
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The connection; opened if there is none. Fails while the files are not those that were opened.
    pub fn connection(&mut self) -> Result<&mut Connection, ReadError> {
        self.blocked = true;
        if let Some(error) = self.files.as_ref().and_then(Files::replaced) {
            return Err(error.into());
        }
        if !self.unnoted
            && let Some(error) = self.files.as_ref().and_then(|files| files.written(self.checkpoint.is_some()))
        {
            self.written_by(error)?;
        }
        (self.blocked, self.unnoted) = (false, false);
        self.note();
        if self.connection.is_none() {
            let mut connection = open(&self.path, self.mode)?;
            self.count_pages(&mut connection)?;
            self.version = data_version(&connection)?;
            self.connection = Some(connection);
            if self.renew_at.is_some() {
                self.begin_log();
            }
            if let Some(files) = &mut self.files {
                files.opened();
            }
        }
        self.connection.as_mut().ok_or_else(|| StoreError("the connection is closed".into()).into())
    }

    /// Decides about a foreign write: another SQLite connection may write and checkpoint; any other write is an error.
    fn written_by(&mut self, error: StoreError) -> Result<(), ReadError> {
        let Some(connection) = &self.connection else { return Ok(()) };
        let version = data_version(connection)?;
        if version == self.version {
            return Err(error.into());
        }
        tracing::warn!("another program writes to {}", self.path.display());
        self.version = version;
        // The other connection may have begun a log without a mark.
        self.renew_at = self.renew_at.map(|_| 0);
        Ok(())
    }

    /// From here on the database says which log belongs to it: see [`log_mark`]. Only for a schema of this release.
    pub fn begin_log(&mut self) {
        self.renew_at = Some(0);
        self.renew_log();
    }

    /// Begins the next log when the present one is long enough. The last commit was answered already. Most of the work
    /// is done beside the commits that follow, the rest after one of them.
    pub fn renew_log(&mut self) {
        let pages = self.log_pages.load(Relaxed);
        if self.blocked || self.renew_at.is_none_or(|at| pages < at) {
            return;
        }
        let Some(connection) = &mut self.connection else { return };
        match self.checkpoint.take() {
            Some(under_way) if !under_way.is_finished() => return self.checkpoint = Some(under_way),
            Some(finished) => finished.finish(),
            // A short log is checkpointed at once.
            None if pages < LOG_PAGES => {}
            None => match log_mark::announce(connection).map(|()| Checkpoint::start(&self.path, self.files.clone())) {
                Ok(Ok(started)) => {
                    self.checkpoint = Some(started);
                    return self.note();
                }
                Ok(Err(error)) => tracing::debug!(%error, "no thread for a checkpoint"),
                Err(error) => tracing::debug!(%error, "the next write-ahead log was not announced"),
            },
        }
        let pause = match log_mark::renew(connection) {
            Ok(true) => LOG_PAGES,
            Ok(false) => RETRY_PAGES,
            Err(error) => {
                tracing::warn!(%error, "the write-ahead log was not copied into {}; will retry", self.path.display());
                RETRY_PAGES
            }
        };
        // The log continues after the pages that a reader uses, or starts over.
        self.renew_at = Some(self.log_pages.load(Relaxed) + pause);
        self.note();
    }

    /// Counts the pages of the log. Other connections to this database do not count here.
    fn count_pages(&mut self, connection: &mut Connection) -> Result<(), ReadError> {
        if self.mode == Mode::Write {
            self.log_pages = Arc::default();
            let pages = Arc::clone(&self.log_pages);
            // Replaces SQLite's own hook, whose checkpoints would begin logs without a mark.
            connection.wal_hook(Some(move |_: &mut Wal, count| {
                pages.store(i64::from(count), Relaxed);
                Ok(())
            }))?;
        }
        Ok(())
    }

    /// Fails if the database contains no installation, and this directory had one: no new store is created then.
    pub fn is_not_begun_anew(&mut self) -> Result<(), ReadError> {
        let stored = installation::read(self.connection()?)?;
        match self.lock.as_ref().and_then(Lock::installation) {
            Some(installation) if stored.is_none() => Err(ReadError::Damaged(StoreError(format!(
                "{}: is empty, and this folder held the store of installation {installation}: put it back, or restore a \
                 backup",
                self.path.display()
            )))),
            _ => Ok(()),
        }
    }

    /// Checks that what was committed is in the files that a restart will find.
    pub fn is_there(&mut self) -> Result<(), StoreError> {
        match self.files.as_ref().and_then(Files::replaced) {
            None => Ok(()),
            Some(error) => {
                (self.blocked, self.unnoted) = (true, true);
                Err(error)
            }
        }
    }

    /// The files of this connection, as they were last seen; of a connection that only reads: `None`.
    pub fn files(&self) -> Option<&Files> {
        self.files.as_ref()
    }

    /// Records the state of the files after this connection's own work.
    pub fn note(&mut self) {
        if let Some(files) = self.files.as_mut().filter(|_| !self.blocked) {
            files.note();
        }
    }

    /// Drops the connection: after a failed write (a full disk, an I/O error) nothing in its memory is trusted.
    pub fn broken(&mut self) {
        self.open_blocks.clear();
        // If the files were removed, this connection is the last reference to them. Closing it would also remove the
        // log that is in the directory now, whoever wrote it.
        if !self.blocked && self.is_there().is_ok() {
            self.connection = None;
            if let Some(files) = &mut self.files {
                files.closed();
            }
        }
    }

    /// Writes the id of the installation into the directory's lock file.
    pub fn name(&mut self, installation: InstanceId) -> Result<(), StoreError> {
        let named = self.lock.as_mut().map_or(Ok(()), |lock| lock.name(installation));
        named.map_err(|error| StoreError(format!("cannot write beside {}: {error}", self.path.display())))
    }

    /// Takes the open audit block of the shard, to which its next events belong; `None`: it must be rebuilt from the
    /// store.
    pub fn take_open_block(&mut self, shard: ShardId) -> Option<OpenBlock> {
        self.open_blocks.remove(&shard)
    }

    /// After a commit: keeps `block`, which has every event of the shard that is in no block yet.
    pub fn keep_open_block(&mut self, shard: ShardId, block: OpenBlock) {
        self.open_blocks.insert(shard, block);
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(checkpoint) = self.checkpoint.take() {
            checkpoint.finish();
        }
        if self.blocked || self.is_there().is_err() {
            // The connection is not closed, for the reason in `broken`. The process is about to end.
            std::mem::forget(self.connection.take());
        } else if self.renew_at.is_some()
            && let Some(connection) = &mut self.connection
        {
            let closed = log_mark::close(connection)
                .and_then(|()| connection.set_db_config(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false));
            if let Err(error) = closed {
                tracing::warn!(%error, "{} was not closed cleanly: its write-ahead log stays", self.path.display());
            }
        }
    }
}

fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached(DATA_VERSION)?.query_row([], |row| row.get(0))
}

/// 16 MiB of page cache.
const CACHE: &str = "PRAGMA cache_size = -16384";

fn open(path: &Path, mode: Mode) -> Result<Connection, ReadError> {
    // Only a connection that may write can roll back what a process left behind that died while it created the
    // database.
    let unfinished = beside(path, "-journal").exists();
    let access = match mode {
        Mode::Read if !unfinished => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Mode::Read | Mode::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    // No mutex: each connection is used by one thread only.
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // Closing must not remove the log before the database says that it has none: see `Drop`.
    connection.set_db_config(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_prepared_statement_cache_capacity(MAX_CACHED_STATEMENTS);
    if mode == Mode::Write {
        let journal: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        if journal != "wal" {
            return Err(StoreError(format!("{}: no write-ahead log possible here", path.display())).into());
        }
        // A commit must be on disk before it is answered. On macOS only F_FULLFSYNC guarantees that.
        connection
            .execute_batch("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;")?;
        connection.execute_batch(CACHE)?;
    }
    Ok(connection)
}
