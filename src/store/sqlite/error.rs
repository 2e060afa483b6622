//! What SQLite's errors mean.

use rusqlite::{Error, ErrorCode, ffi};

use crate::store::{CommitError, ReadError, StoreError};

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match &error {
            Error::SqliteFailure(code, Some(text)) => StoreError(format!("{text} (SQLite {})", code.extended_code)),
            _ => StoreError(error.to_string()),
        }
    }
}

impl From<Error> for ReadError {
    /// A file that is no database, or that contradicts itself, is damaged; everything else can pass.
    fn from(error: Error) -> Self {
        if is_damage(&error) { ReadError::Damaged(error.into()) } else { ReadError::Unavailable(error.into()) }
    }
}

pub fn is_damage(error: &Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Whether SQLite refuses whatever is to be written, for reasons that an operator can end: a table has another name, a
/// trigger raises, the file can only be read.
pub fn is_refusal(error: &Error) -> bool {
    let Error::SqliteFailure(code, _) = error else { return false };
    code.extended_code == ffi::SQLITE_CONSTRAINT_TRIGGER
        || matches!(
            code.code,
            ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::AuthorizationForStatementDenied
                // SQLITE_ERROR: a statement that does not fit the schema.
                | ErrorCode::Unknown
        )
}

/// A statement of a batch failed: the batch is rolled back.
pub fn refused(error: Error) -> CommitError {
    if is_refusal(&error) {
        return CommitError::NotWritable(error.into());
    }
    let lasting = match &error {
        Error::SqliteFailure(code, text) => {
            if code.extended_code == ffi::SQLITE_CONSTRAINT_NOTNULL
                && text.as_ref().is_some_and(|text| text.ends_with("shards.seq"))
            {
                return CommitError::Fenced;
            }
            if is_damage(&error) {
                return CommitError::Damaged(error.into());
            }
            matches!(
                code.code,
                ErrorCode::ConstraintViolation
                    | ErrorCode::TooBig
                    | ErrorCode::TypeMismatch
                    | ErrorCode::ParameterOutOfRange
            )
        }
        // The driver's own: a value that SQLite has no type for.
        _ => true,
    };
    if lasting { CommitError::Refused(error.into()) } else { CommitError::Unknown(error.into()) }
}

/// BEGIN or COMMIT failed.
pub fn unknown(error: Error) -> CommitError {
    if is_refusal(&error) {
        return CommitError::NotWritable(error.into());
    }
    ReadError::from(error).into()
}
