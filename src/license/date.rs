//! Dates in documents and for people: whole seconds since 1970, and ISO 8601 in UTC.

use std::time::{Duration, SystemTime};

use crate::json::{Member, Wrong};
use crate::ledger::time::WallTime;

/// The last second of the year 9999.
pub const MAX_SECONDS: u64 = 253_402_300_799;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Reads a time of a document, in whole seconds since 1970.
pub(super) fn read(member: &Member) -> Result<WallTime, Wrong> {
    member.number(0..=MAX_SECONDS).map(wall)
}

fn wall(seconds: u64) -> WallTime {
    // At most MAX_SECONDS, so it fits.
    WallTime(seconds as i64 * 1_000)
}

/// Whole seconds, rounded down, within the range of documents.
pub(super) fn seconds(at: WallTime) -> u64 {
    u64::try_from(at.0.div_euclid(1_000)).unwrap_or(0).min(MAX_SECONDS)
}

/// The time rounded down to a whole second, as documents store it.
#[must_use]
pub fn whole_seconds(at: WallTime) -> WallTime {
    wall(seconds(at))
}

/// Formats a time as `2027-12-31T23:59:59Z`.
#[must_use]
pub fn iso(at: WallTime) -> String {
    let since = Duration::from_secs(seconds(at));
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + since).to_string()
}

/// A date as a person writes it: a day, `2027-12-31`, or a moment, `2027-12-31T12:00:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Date {
    /// The start of a day in UTC.
    Day(WallTime),
    Moment(WallTime),
}

impl Date {
    /// `None`: it is neither, or not between 1970 and 9999.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(at) = humantime::parse_rfc3339(&format!("{text}T00:00:00Z")) {
            return since_1970(at).map(Date::Day);
        }
        humantime::parse_rfc3339(text).ok().and_then(since_1970).map(Date::Moment)
    }

    /// The first moment of the day; or the moment.
    #[must_use]
    pub fn start(self) -> WallTime {
        match self {
            Date::Day(at) | Date::Moment(at) => at,
        }
    }

    /// The first moment after the day; or the moment: a license that expires on a day is in force until that day is
    /// over. For the last day of the year 9999 it is the last second, because a document cannot contain a later time.
    #[must_use]
    pub fn end(self) -> WallTime {
        match self {
            Date::Day(at) => whole_seconds(WallTime(at.0 + DAY_MS)),
            Date::Moment(at) => at,
        }
    }
}

fn since_1970(at: SystemTime) -> Option<WallTime> {
    let seconds = at.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    (seconds <= MAX_SECONDS).then(|| wall(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments() {
        let parse = |text| Date::parse(text).map(|date| (iso(date.start()), iso(date.end())));
        let both = |start: &str, end: &str| Some((start.to_owned(), end.to_owned()));
        assert_eq!(parse("2027-12-31"), both("2027-12-31T00:00:00Z", "2028-01-01T00:00:00Z"));
        assert_eq!(parse("2028-02-29"), both("2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"));
        assert_eq!(parse("2027-12-31T12:00:00Z"), both("2027-12-31T12:00:00Z", "2027-12-31T12:00:00Z"));
        assert_eq!(parse("1970-01-01"), both("1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z"));
        assert_eq!(parse("9999-12-31"), both("9999-12-31T00:00:00Z", "9999-12-31T23:59:59Z"));
        assert_eq!(parse("9999-12-31T23:59:59Z"), both("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"));
        for text in
            ["", "never", "2027-02-29", "2027-13-01", "31.12.2027", "1969-12-31", "10000-01-01", "2027-12-31T12:00"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_no_document_can_say_is_shown_as_the_nearest_that_it_can() {
        assert_eq!(iso(WallTime(i64::MIN)), "1970-01-01T00:00:00Z");
        assert_eq!(iso(WallTime(i64::MAX)), "9999-12-31T23:59:59Z");
        assert_eq!(iso(WallTime(1_999)), "1970-01-01T00:00:01Z");
    }
}
