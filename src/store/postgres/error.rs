//! What PostgreSQL's errors mean.

use std::error::Error as _;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::store::{CommitError, StoreError};

/// What ended a job on a connection. The connection is given up with it.
#[derive(Debug)]
pub enum Failure {
    Database(Error),
    Store(StoreError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Database(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Failure::Store(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Database(error) => error.into(),
            Failure::Store(error) => error,
        }
    }
}

impl From<Error> for StoreError {
    /// The message and the code; not the detail, in which the server quotes whole rows.
    fn from(error: Error) -> Self {
        if let Some(error) = error.as_db_error() {
            return StoreError(format!("{}: {} ({})", error.severity(), error.message(), error.code().code()));
        }
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !text.contains(&cause_text) {
                text = format!("{text}: {cause_text}");
            }
            source = cause.source();
        }
        StoreError(text)
    }
}

/// Why a statement aborted its batch, when that lasts: sending the batch again would end the same way.
pub fn lasting(error: &Error) -> Option<CommitError> {
    let db = error.as_db_error()?;
    if is_fence(db) {
        return Some(CommitError::Fenced);
    }
    let refused = || CommitError::Refused(StoreError(format!("{} ({})", db.message(), db.code().code())));
    match db.code().code().get(..2)? {
        // Feature not supported, cardinality, data, constraint, syntax or access rule, program limit.
        "0A" | "21" | "22" | "23" | "42" | "54" => Some(refused()),
        _ => None,
    }
}

fn is_fence(error: &DbError) -> bool {
    *error.code() == SqlState::NOT_NULL_VIOLATION && error.table() == Some("shards") && error.column() == Some("seq")
}
