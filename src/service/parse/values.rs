//! Values other than ids: texts, durations, timestamps, enums, etags.

use std::time::Duration;

use crate::ledger::time::WallTime;
use crate::status::FieldViolations;

/// Maximum length of a name, in bytes.
pub const MAX_NAME_BYTES: usize = 256;

/// Characters that a text may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// One line: no control characters.
    Line,
    /// May contain line breaks and tabs.
    Lines,
}

/// Adds a violation if `text` is too long, or contains control characters that its kind does not permit.
pub fn check_text(problems: &mut FieldViolations, field: &str, text: &str, kind: Text, max_bytes: usize) {
    let odd = |c: char| c.is_control() && !(kind == Text::Lines && matches!(c, '\n' | '\r' | '\t'));
    if text.len() > max_bytes {
        problems.add(field, format!("must be at most {max_bytes} bytes long"));
    } else if text.chars().any(odd) {
        problems.add(field, "must not contain control characters");
    }
}

/// Parses a name: one line of at most [`MAX_NAME_BYTES`], which may be empty.
pub fn name(problems: &mut FieldViolations, field: &str, text: &str) -> Box<str> {
    check_text(problems, field, text, Text::Line, MAX_NAME_BYTES);
    text.into()
}

/// Parses a duration that is not negative.
pub fn duration(problems: &mut FieldViolations, field: &str, given: prost_types::Duration) -> Option<Duration> {
    let seconds = u64::try_from(given.seconds).ok();
    let nanos = u32::try_from(given.nanos).ok().filter(|nanos| *nanos < 1_000_000_000);
    match (seconds, nanos) {
        (Some(seconds), Some(nanos)) => Some(Duration::new(seconds, nanos)),
        _ => {
            problems.add(field, "must be a valid duration, and not negative");
            None
        }
    }
}

/// Parses a timestamp; rounds up to the next millisecond.
pub fn timestamp(problems: &mut FieldViolations, field: &str, given: prost_types::Timestamp) -> Option<WallTime> {
    // The years 1 to 9999, as protobuf defines the type.
    const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
    if !SECONDS.contains(&given.seconds) || !(0..1_000_000_000).contains(&given.nanos) {
        problems.add(field, "must be a valid timestamp");
        return None;
    }
    let up = i64::from(given.nanos % 1_000_000 != 0);
    Some(WallTime(given.seconds * 1_000 + i64::from(given.nanos / 1_000_000) + up))
}

/// Parses an enum value. An unknown number is an error and not the default: a newer client may mean by it the opposite
/// of the default.
pub fn choice<E: TryFrom<i32>>(problems: &mut FieldViolations, field: &str, number: i32) -> Option<E> {
    E::try_from(number).inspect_err(|_| problems.add(field, format!("has no value with the number {number}"))).ok()
}

/// Returns the version in an etag; `None` for an empty one, which means any version.
pub fn etag(problems: &mut FieldViolations, field: &str, etag: &str) -> Option<u64> {
    if etag.is_empty() {
        return None;
    }
    let version = etag.parse().ok();
    if version.is_none() {
        problems.add(field, "must be an etag as the service gave it");
    }
    version
}

#[cfg(test)]
mod tests {
    use super::super::testing::fields;
    use super::*;

    #[test]
    fn durations_are_valid_and_not_negative() {
        let check = |seconds, nanos, expected| {
            let mut problems = FieldViolations::default();
            let parsed = duration(&mut problems, "ttl", prost_types::Duration { seconds, nanos });
            assert_eq!(parsed, expected, "{seconds} s {nanos} ns");
            assert_eq!(fields(problems), if parsed.is_some() { vec![] } else { vec!["ttl"] });
        };
        check(0, 0, Some(Duration::ZERO));
        check(1, 500_000_000, Some(Duration::from_millis(1_500)));
        check(i64::MAX, 0, Some(Duration::from_secs(i64::MAX as u64)));
        check(-1, 0, None);
        check(0, -1, None);
        check(0, 1_000_000_000, None);
        check(i64::MIN, i32::MIN, None);
    }

    #[test]
    fn timestamps_are_rounded_up_to_a_millisecond() {
        let check = |seconds, nanos, expected: Option<i64>| {
            let mut problems = FieldViolations::default();
            let parsed = timestamp(&mut problems, "from", prost_types::Timestamp { seconds, nanos });
            assert_eq!(parsed, expected.map(WallTime), "{seconds} s {nanos} ns");
            assert_eq!(fields(problems), if parsed.is_some() { vec![] } else { vec!["from"] });
        };
        check(1, 0, Some(1_000));
        check(1, 1, Some(1_001));
        check(1, 1_000_000, Some(1_001));
        check(-1, 500_000_000, Some(-500));
        check(0, 1_000_000_000, None);
        check(0, -1, None);
        check(i64::MAX, 0, None);
    }

    #[test]
    fn texts_have_a_length_and_no_control_characters() {
        let check = |text: &str, kind, good: bool| {
            let mut problems = FieldViolations::default();
            check_text(&mut problems, "contact", text, kind, 8);
            assert_eq!(fields(problems).is_empty(), good, "{text:?}");
        };
        check("", Text::Line, true);
        check("12345678", Text::Line, true);
        check("123456789", Text::Line, false);
        check("äöüäö", Text::Line, false);
        check("a\tb", Text::Line, false);
        check("a\tb\r\n", Text::Lines, true);
        check("a\0b", Text::Lines, false);
        check("a\u{85}b", Text::Lines, false);
    }

    #[test]
    fn etags_are_versions() {
        let mut problems = FieldViolations::default();
        assert_eq!(etag(&mut problems, "etag", ""), None);
        assert_eq!(etag(&mut problems, "etag", "7"), Some(7));
        assert_eq!(etag(&mut problems, "etag", "seven"), None);
        assert_eq!(fields(problems), ["etag"]);
    }
}
