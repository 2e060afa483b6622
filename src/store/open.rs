//! Why a store cannot be opened, in the kinds that an operator tells apart: each has its own exit code.

use std::path::PathBuf;

use super::{ReadError, StoreError};

/// The version of a schema: the number of its last migration; 0: no schema at all.
pub type SchemaVersion = i32;

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address of the store makes no sense, or what is there cannot be a store.
    #[error("{0}")]
    Address(StoreError),
    /// The database does not answer, or does not let us in; or the data directory cannot be used.
    #[error("the store cannot be reached: {0}")]
    Unreachable(StoreError),
    /// Another process has the data directory.
    #[error("the data directory {} is in use by another process{}", directory.display(), named(pid))]
    DirectoryInUse { directory: PathBuf, pid: Option<u32> },
    /// A newer release wrote this schema: this one would misread it.
    #[error("the store has schema version {found}, newer than version {known} of this program: use the newer program")]
    SchemaNewer { found: SchemaVersion, known: SchemaVersion },
    /// The schema must be migrated first, and nobody asked for it.
    #[error("the store has schema version {found}, this program needs version {known}: run `usher migrate`")]
    SchemaOlder { found: SchemaVersion, known: SchemaVersion },
    /// What is there makes no sense, or belongs to another program: names the file, or the table and the key. No start
    /// heals that.
    #[error("the store is damaged: {0}")]
    Damaged(StoreError),
    #[error("{0}")]
    Other(StoreError),
}

impl OpenError {
    /// Of a store that was reached already.
    #[must_use]
    pub fn unreadable(error: ReadError) -> Self {
        match error {
            ReadError::Unavailable(error) => OpenError::Other(error),
            ReadError::Damaged(error) => OpenError::Damaged(error),
        }
    }
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unavailable(error) => OpenError::Unreachable(error),
            ReadError::Damaged(error) => OpenError::Damaged(error),
        }
    }
}

fn named(pid: &Option<u32>) -> String {
    pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
}

/// What a migration did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migrated {
    pub from: SchemaVersion,
    pub to: SchemaVersion,
}
