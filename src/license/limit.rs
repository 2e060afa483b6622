//! Limits in documents: a number, or `"UNLIMITED"`.

use serde_json::Value;

use crate::json::{Json, MAX_NUMBER, Member, Wrong};
use crate::ledger::change::Limit;

const UNLIMITED: &str = "UNLIMITED";

/// Reads a limit: a number from 0 to `MAX_NUMBER`, or `"UNLIMITED"`.
pub fn read(member: &Member) -> Result<Limit, Wrong> {
    match member.value() {
        Json::Number(number @ 0..=MAX_NUMBER) => Ok(Limit::Seats(*number)),
        Json::Text(text) if text == UNLIMITED => Ok(Limit::Unlimited),
        _ => Err(member.wrong(format_args!("must be a whole number from 0 to {MAX_NUMBER}, or \"{UNLIMITED}\""))),
    }
}

/// Writes a limit as [`read`] reads it.
pub fn write(limit: Limit) -> Value {
    match limit {
        Limit::Seats(seats) => seats.into(),
        Limit::Unlimited => UNLIMITED.into(),
    }
}
