//! Copies the database as it is at one moment, page by page under one read transaction, while a service may use it.
//! Writers go on meanwhile; the write-ahead log grows by what they write.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::database::{Database, Mode};
use super::{directory, log_mark, schema};
use crate::partial::Partial;
use crate::store::StoreError;
use crate::store::open::OpenError;

/// Pages between two pauses (4 MiB): a commit waits for the disk behind at most these.
const STEP_PAGES: i32 = 1_024;

/// The copy is not used before it is complete, and is then synced as a whole.
const FAST: &str = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF";

/// Reason why a backup failed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The file to be written cannot be used.
    #[error("{}: {what}", path.display())]
    Target { path: PathBuf, what: String },
}

/// Writes a copy of the database in `directory` to the new file `to`. The copy is written beside it, and gets its name
/// when it is complete and on disk. Only its owner can read it. Calls `rest` after each step. Returns the size in
/// bytes. Blocks the thread.
///
/// # Errors
/// There is no store of this release in `directory`, or `to` exists already or cannot be written.
pub fn backup(directory: &Path, to: &Path, rest: impl FnMut()) -> Result<u64, BackupError> {
    let wrong = |what: String| BackupError::Target { path: to.to_owned(), what };
    let mut source = Database::new(directory::existing(directory)?, Mode::Read);
    schema::check(source.connection().map_err(OpenError::from)?)?;
    if fs::symlink_metadata(to).is_ok() {
        return Err(wrong("is there already, and is not overwritten".into()));
    }
    let taken = take(&mut source, to, rest);
    taken.map_err(|error| wrong(error.0))
}

fn take(source: &mut Database, to: &Path, mut rest: impl FnMut()) -> Result<u64, StoreError> {
    // The file gets its mode before any data is in it.
    let mut partial = Partial::begin(to, 0o600).map_err(text)?;
    let mut copy = Connection::open_with_flags(partial.path(), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    copy.execute_batch(FAST)?;
    // The transaction fixes the moment between two steps: otherwise each commit would make SQLite start over.
    let moment = source.connection().map_err(StoreError::from)?.transaction()?;
    moment.query_row("/* usher:begin_backup */ SELECT count(*) FROM installation", [], |_| Ok(()))?;
    let backup = Backup::new(&moment, &mut copy)?;
    while backup.step(STEP_PAGES)? != StepResult::Done {
        fail_point!("backing-up");
        partial.file().sync_data().map_err(text)?;
        rest();
    }
    drop(backup);
    drop(copy);
    // The copy includes the log of its source, and has no log of its own.
    log_mark::write_whole(partial.file()).map_err(text)?;
    fail_point!("backed-up");
    let bytes = partial.file().metadata().map_err(text)?.len();
    partial.finish(false).map_err(text)?;
    Ok(bytes)
}

fn text(error: io::Error) -> StoreError {
    StoreError(error.to_string())
}
