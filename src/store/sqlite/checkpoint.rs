//! A checkpoint beside the writer: a thread of its own brings the log into the database, while commits go on at the end of
//! the log. What they add meanwhile is little, and the writer brings it in itself ([`super::log_mark::renew`]).

use std::io;
use std::path::PathBuf;
use std::thread::{Builder, JoinHandle};

use super::database::{Database, Mode};
use super::log_mark;
use crate::store::ReadError;

/// One that was started. It is waited for before its database is closed.
pub struct Checkpoint(JoinHandle<()>);

impl Checkpoint {
    /// The log must have announced the next one ([`super::log_mark::announce`]): then whatever part of it is in the database
    /// says that a log is awaited.
    pub fn start(path: PathBuf) -> io::Result<Self> {
        let thread = Builder::new().name("usher-sqlite-checkpoint".into()).spawn(move || {
            if let Err(error) = run(&path) {
                tracing::debug!(%error, "a checkpoint beside the writer failed");
            }
        });
        thread.map(Self)
    }

    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    /// Waits for its end. Whether it did everything, the writer sees by its own checkpoint.
    pub fn finish(self) {
        let _ = self.0.join();
    }
}

fn run(path: &std::path::Path) -> Result<(), ReadError> {
    let mut database = Database::new(path.to_owned(), Mode::Write);
    log_mark::checkpoint(database.connection()?)?;
    Ok(())
}
