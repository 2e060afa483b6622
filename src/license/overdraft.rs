//! Overdraft in documents: seats, or a part of the limit, that may be in use above it (R41).

use std::fmt;

use serde_json::Value;

use crate::json::{Json, MAX_NUMBER, Member, Wrong};
use crate::ledger::change::Limit;

/// Seats that may be in use above a limit (R41).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overdraft {
    Seats(u64),
    /// Of the limit, rounded down.
    Percent(u64),
}

impl Overdraft {
    pub const NONE: Overdraft = Overdraft::Seats(0);
    const MAX_PERCENT: u64 = 100;

    /// Parses `5` or `10%`.
    ///
    /// # Errors
    /// What it must be.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const WANTED: &str = "must be a number of seats, or a percentage from 1% to 100%";
        let digits = |text: &str| text.parse().ok().filter(|number: &u64| number.to_string() == text);
        match text.strip_suffix('%') {
            Some(percent) => {
                let percent = digits(percent).filter(|percent| (1..=Self::MAX_PERCENT).contains(percent));
                percent.map(Overdraft::Percent).ok_or(WANTED)
            }
            None => digits(text).filter(|seats| *seats <= MAX_NUMBER).map(Overdraft::Seats).ok_or(WANTED),
        }
    }

    /// The number of seats, for a limit.
    #[must_use]
    pub fn seats(self, limit: Limit) -> u64 {
        match (self, limit) {
            (_, Limit::Unlimited) => 0,
            (Overdraft::Seats(seats), Limit::Seats(_)) => seats,
            (Overdraft::Percent(percent), Limit::Seats(limit)) => {
                // Limits in documents are below 2^53.
                u64::try_from(u128::from(limit) * u128::from(percent) / 100).unwrap_or(u64::MAX)
            }
        }
    }

    /// Reads an overdraft: a number from 1 to `MAX_NUMBER`, or a text such as `"10%"`. No overdraft is not written.
    pub(super) fn read(member: &Member) -> Result<Self, Wrong> {
        let wanted = format_args!("must be a whole number from 1 to {MAX_NUMBER}, or a text from \"1%\" to \"100%\"");
        match member.value() {
            Json::Number(seats @ 1..=MAX_NUMBER) => Ok(Overdraft::Seats(*seats)),
            Json::Text(text) if text.ends_with('%') => Self::parse(text).map_err(|_| member.wrong(wanted)),
            _ => Err(member.wrong(wanted)),
        }
    }

    /// Writes an overdraft as [`Self::read`] reads it.
    pub(super) fn write(self) -> Value {
        match self {
            Overdraft::Seats(seats) => seats.into(),
            Overdraft::Percent(_) => self.to_string().into(),
        }
    }
}

impl fmt::Display for Overdraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Overdraft::Seats(seats) => seats.fmt(f),
            Overdraft::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_rounded_down_and_an_unlimited_pool_has_none() {
        for (overdraft, limit, seats) in [
            (Overdraft::Percent(10), Limit::Seats(100), 10),
            (Overdraft::Percent(10), Limit::Seats(19), 1),
            (Overdraft::Percent(10), Limit::Seats(9), 0),
            (Overdraft::Percent(100), Limit::Seats(7), 7),
            (Overdraft::Percent(100), Limit::Seats(MAX_NUMBER), MAX_NUMBER),
            (Overdraft::Percent(100), Limit::Unlimited, 0),
            (Overdraft::Seats(3), Limit::Seats(0), 3),
            (Overdraft::Seats(3), Limit::Unlimited, 0),
            (Overdraft::NONE, Limit::Seats(5), 0),
        ] {
            assert_eq!(overdraft.seats(limit), seats, "{overdraft} of {limit}");
        }
    }

    #[test]
    fn an_overdraft_is_read_as_it_is_written_and_in_no_other_way() {
        for overdraft in [Overdraft::NONE, Overdraft::Seats(5), Overdraft::Percent(1), Overdraft::Percent(100)] {
            assert_eq!(Overdraft::parse(&overdraft.to_string()), Ok(overdraft));
        }
        for text in ["", "%", "0%", "101%", "01%", "+5", "007", "-1", "5 %", "1.5%", "5seats", "9007199254740992"] {
            assert!(Overdraft::parse(text).is_err(), "{text}");
        }
    }
}
