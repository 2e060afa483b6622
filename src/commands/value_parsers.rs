//! Parsers of values that options of several commands have.

use std::time::Duration;

use prost_types::Timestamp;

/// Parses a day, or a time.
pub fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "is not a day such as 2027-03-01, or a time such as 2027-03-01T08:00:00Z".to_owned())
}

/// Parses a duration.
pub fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| "is not a duration such as 90d or 12h".to_owned())
}
