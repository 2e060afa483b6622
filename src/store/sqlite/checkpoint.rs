//! Checkpoint beside the writer: a thread of its own copies the log into the database, while commits are appended to
//! the log. They append little meanwhile, which the writer checkpoints itself ([`super::log_mark::renew`]).

use std::io;
use std::path::{Path, PathBuf};
use std::thread::{Builder, JoinHandle};

use super::database::{Database, Mode};
use super::files::Files;
use super::log_mark;
use crate::store::{ReadError, StoreError};

/// A running checkpoint. It must end before the writer's connection is closed.
pub struct Checkpoint(JoinHandle<()>);

impl Checkpoint {
    /// Starts a checkpoint of the database at `path`. The next log must be announced already
    /// ([`super::log_mark::announce`]): then the database says that a log is expected, whatever part of the log it
    /// contains.
    ///
    /// `files`: those of the writer. Other files that are at the path by now are not touched.
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

    /// Waits for the end. The writer's own checkpoint shows whether anything is left.
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
