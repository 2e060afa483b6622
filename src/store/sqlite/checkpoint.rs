//! A checkpoint beside the writer: a thread of its own moves the log into the database, while commits go on at the end of
//! the log. The writer moves what they add meanwhile, which is little ([`super::log_mark::renew`]).

use std::io;
use std::path::{Path, PathBuf};
use std::thread::{Builder, JoinHandle};

use super::database::{Database, Mode};
use super::files::Files;
use super::log_mark;
use crate::store::{ReadError, StoreError};

/// A checkpoint under way. It is waited for before its database is closed.
pub struct Checkpoint(JoinHandle<()>);

impl Checkpoint {
    /// Starts a checkpoint of the database at `path`. The log must have announced the next one
    /// ([`super::log_mark::announce`]): then whatever part of it is in the database says that a log is awaited.
    ///
    /// `files`: those of the writer. Others that lie at the path by now are left alone.
    ///
    /// # Errors
    /// The operating system has no thread left.
    pub fn start(path: &Path, files: Option<Files>) -> io::Result<Self> {
        let path = path.to_owned();
        let thread = Builder::new().name("usher-sqlite-checkpoint".into()).spawn(move || {
            if let Err(error) = run(path, files) {
                tracing::debug!(%error, "a checkpoint beside the writer failed");
            }
        });
        thread.map(Self)
    }

    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    /// Waits for its end. Whether it moved everything, the writer sees by its own checkpoint.
    pub fn finish(self) {
        let _ = self.0.join();
    }
}

fn run(path: PathBuf, files: Option<Files>) -> Result<(), ReadError> {
    let mut database = Database::new(path, Mode::Write);
    database.connection()?;
    // A connection opens whatever lies at the path, and would bring the log into another database.
    if !database.files().zip(files.as_ref()).is_some_and(|(opened, wanted)| opened.are_those_of(wanted)) {
        return Err(StoreError("the files at this path are not the writer's".into()).into());
    }
    log_mark::checkpoint(database.connection()?)?;
    Ok(())
}
