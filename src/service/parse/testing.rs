//! Helpers for tests of parsing: test data, and the invalid fields of a request.

use crate::opaque_id::{OpaqueIds, Secret};
use crate::status::FieldViolations;

/// A session id, and a text that is not a session id.
pub const SESSION: &str = "6f2c1e0a-4a55-4c2b-9d6e-1b7a3c5d7e9f";
pub const NO_SESSION: &str = "session-7";
/// 129 bytes: one more than an id may have.
pub const LONG: &str = concat!(
    "0123456789012345678901234567890123456789012345678901234567890123",
    "01234567890123456789012345678901234567890123456789012345678901234"
);

pub fn list(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

pub fn fields(problems: FieldViolations) -> Vec<String> {
    problems.into_vec().into_iter().map(|problem| problem.field).collect()
}

pub fn opaque_ids() -> OpaqueIds {
    OpaqueIds::new(Secret::stored([7; 32]))
}

/// Returns the fields that a failed parse names.
pub fn bad<T>(parsed: Result<T, FieldViolations>) -> Vec<String> {
    match parsed {
        Ok(_) => panic!("must be refused"),
        Err(problems) => fields(problems),
    }
}
