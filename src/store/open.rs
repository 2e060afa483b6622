//! Reasons why a store cannot be opened. Operators handle them differently, so each kind has its own exit code.

use std::path::PathBuf;

use super::{ReadError, StoreError};

/// Schema version: the number of the last migration; 0: there is no schema.
pub type SchemaVersion = i32;

/// Reason why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address of the store is invalid, or what it points to cannot be a store.
    #[error("{0}")]
    Address(StoreError),
    /// The database does not answer or refuses the connection, or the data directory cannot be used.
    #[error("the store cannot be reached: {0}")]
    Unreachable(StoreError),
    /// Another process holds the lock of the data directory.
    #[error("the data directory {} is in use by another process{}", directory.display(), named(pid))]
    DirectoryInUse { directory: PathBuf, pid: Option<u32> },
    /// A newer release wrote this schema, and it is not one from which this release may serve.
    #[error("the store has schema version {found}, newer than version {known} of this program: use the newer program")]
    SchemaNewer { found: SchemaVersion, known: SchemaVersion },
    /// The schema must be migrated first, and automatic migration is not configured.
    #[error("the store has schema version {found}, this program needs version {known}: run `usher migrate`")]
    SchemaOlder { found: SchemaVersion, known: SchemaVersion },
    /// The data is inconsistent or belongs to another program; the text names the file, or the table and the key. A
    /// restart does not help.
    #[error("the store is damaged: {0}")]
    Damaged(StoreError),
    #[error("{0}")]
    Other(StoreError),
}

impl OpenError {
    /// Error for a store that was reached, but could not be read.
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

/// Result of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migrated {
    pub from: SchemaVersion,
    pub to: SchemaVersion,
}
