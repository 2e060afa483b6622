//! Meaning of PostgreSQL's errors.

use std::error::Error as _;

use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{Error, Row};
use uuid::Uuid;

use crate::store::open::OpenError;
use crate::store::{CommitError, ReadError, StoreError};

/// Failure that ended a job on a connection. The connection is closed with it.
#[derive(Debug)]
pub enum Failure {
    Database(Error),
    Store(StoreError),
    /// An inconsistent row; the text names its table and its key.
    Damaged(StoreError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if is_damage(&error) { Failure::Damaged(error.into()) } else { Failure::Database(error) }
    }
}

/// The server reports that its files are damaged: class XX of the SQL states, without the server's own bugs (XX000).
fn is_damage(error: &Error) -> bool {
    error.code().is_some_and(|code| matches!(*code, SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED))
}

/// `key`: the columns that form the key of the row.
pub fn damaged(table: &str, row: &Row, key: &[usize], why: Failure) -> Failure {
    let columns: Vec<String> =
        key.iter().map(|column| format!("{} {}", row.columns()[*column].name(), value(row, *column))).collect();
    let (columns, why) = (columns.join(", "), StoreError::from(why));
    Failure::Damaged(StoreError(format!("{table} ({columns}): {why}")))
}

/// Value of a key column as text.
fn value(row: &Row, column: usize) -> String {
    /// Maximum length of a key's text in an error, in characters.
    const MAX_TEXT: usize = 80;
    let small =
        || row.try_get::<_, i32>(column).map(i64::from).or_else(|_| row.try_get::<_, i16>(column).map(i64::from));
    let number = || row.try_get::<_, i64>(column).or_else(|_| small());
    let uuid = || row.try_get::<_, Uuid>(column).map(|uuid| uuid.to_string());
    match row.try_get::<_, &str>(column) {
        Ok(text) => text.chars().take(MAX_TEXT).collect(),
        Err(_) => number().map(|number| number.to_string()).or_else(|_| uuid()).unwrap_or_else(|_| "NULL".to_owned()),
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
            Failure::Store(error) | Failure::Damaged(error) => error,
        }
    }
}

impl From<Failure> for OpenError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Damaged(error) => OpenError::Damaged(error),
            Failure::Store(error) => OpenError::Other(error),
            Failure::Database(error) => OpenError::Unreachable(error.into()),
        }
    }
}

impl From<Failure> for ReadError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Damaged(error) => ReadError::Damaged(error),
            other => ReadError::Unavailable(other.into()),
        }
    }
}

impl From<Error> for StoreError {
    /// The message and the code, but not the detail, in which the server quotes whole rows.
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

/// Returns whether the server refuses the request for a reason that depends neither on the connection nor on the data:
/// a privilege or a table is missing, a trigger raises an error, the database is read-only, or the login is refused. An
/// operator can remove the reason.
pub fn is_refusal(error: &Error) -> bool {
    let Some(code) = error.code() else { return false };
    if matches!(*code, SqlState::READ_ONLY_SQL_TRANSACTION | SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE) {
        return true;
    }
    // Feature not supported (a statement that was prepared before a table changed), authorization, invalid catalog or
    // schema name, syntax error or access rule, a view's check option, a function that raises an error.
    matches!(code.code().get(..2), Some("0A" | "28" | "3D" | "3F" | "42" | "44" | "P0"))
}

/// Reason why a statement aborted its batch, if it is permanent: sending the batch again would fail, too.
pub fn lasting(error: &Error) -> Option<CommitError> {
    let db = error.as_db_error()?;
    if is_fence(db) {
        return Some(CommitError::Fenced);
    }
    let refused = || CommitError::Refused(StoreError(format!("{} ({})", db.message(), db.code().code())));
    match db.code().code().get(..2)? {
        // Cardinality, data, constraint, program limit.
        "21" | "22" | "23" | "54" => Some(refused()),
        _ => None,
    }
}

fn is_fence(error: &DbError) -> bool {
    *error.code() == SqlState::NOT_NULL_VIOLATION && error.table() == Some("shards") && error.column() == Some("seq")
}
