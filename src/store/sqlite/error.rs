//! Meaning of SQLite's errors.

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
    /// A file that is not a database, or that is inconsistent, is damaged; all other errors may be temporary.
    fn from(error: Error) -> Self {
        if is_damage(&error) { ReadError::Damaged(error.into()) } else { ReadError::Unavailable(error.into()) }
    }
}

pub fn is_damage(error: &Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Returns whether SQLite refuses every change, for a reason that an operator can remove: a table has another name, a
/// trigger raises an error, or the file is read-only.
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

/// Meaning of a failed statement of a batch; the batch is rolled back.
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
        // An error of the driver: a value without a type in SQLite.
        _ => true,
    };
    if lasting { CommitError::Refused(error.into()) } else { CommitError::Unknown(error.into()) }
}

/// Meaning of a failed BEGIN or COMMIT.
pub fn unknown(error: Error) -> CommitError {
    if is_refusal(&error) {
        return CommitError::NotWritable(error.into());
    }
    ReadError::from(error).into()
}
