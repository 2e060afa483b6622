//! For the tests of this room: which fields did a request get wrong?

use super::violations::FieldViolations;
use crate::opaque_id::{OpaqueIds, Secret};

/// A session id, and a text that is none.
pub const SESSION: &str = "6f2c1e0a-4a55-4c2b-9d6e-1b7a3c5d7e9f";
pub const NO_SESSION: &str = "session-7";
/// 129 bytes: one more than an id has.
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

/// The fields named by a parse that must fail.
pub fn bad<T>(parsed: Result<T, FieldViolations>) -> Vec<String> {
    match parsed {
        Ok(_) => panic!("must be refused"),
        Err(problems) => fields(problems),
    }
}
