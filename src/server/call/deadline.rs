//! How long a call may take.

use std::time::Duration;

use http::HeaderMap;

use super::CallHandler;

/// Deadline of an upload whose client gives none: practically unlimited.
pub(super) const MAX_UPLOAD_TIME: Duration = Duration::from_secs(24 * 60 * 60);

impl<F> CallHandler<F> {
    /// Time limit of the call: as requested by its client, but at most `max_deadline`; without a request, the default.
    /// An upload has the requested time without a maximum.
    pub(super) fn deadline(&self, headers: &HeaderMap, uploads: bool) -> Duration {
        let requested = headers.get("grpc-timeout").and_then(|value| parse_timeout(value.as_bytes()));
        if uploads {
            requested.unwrap_or(MAX_UPLOAD_TIME)
        } else {
            requested.unwrap_or(self.deadline).min(self.max_deadline)
        }
    }
}

/// Parses `grpc-timeout`: at most 8 digits and a unit. Returns `None` for any other value, which is then ignored.
fn parse_timeout(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let amount = digits.iter().fold(0, |amount, digit| amount * 10 + u64::from(digit - b'0'));
    match unit {
        b'H' => Some(Duration::from_secs(amount * 60 * 60)),
        b'M' => Some(Duration::from_secs(amount * 60)),
        b'S' => Some(Duration::from_secs(amount)),
        b'm' => Some(Duration::from_millis(amount)),
        b'u' => Some(Duration::from_micros(amount)),
        b'n' => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_as_grpc_writes_them() {
        for (text, expected) in [
            ("1H", Some(Duration::from_secs(3600))),
            ("2M", Some(Duration::from_secs(120))),
            ("99999999S", Some(Duration::from_secs(99_999_999))),
            ("250m", Some(Duration::from_millis(250))),
            ("7u", Some(Duration::from_micros(7))),
            ("0n", Some(Duration::ZERO)),
            ("", None),
            ("S", None),
            ("5", None),
            ("5s", None),
            ("123456789S", None),
            ("-1S", None),
            ("1.5S", None),
        ] {
            assert_eq!(parse_timeout(text.as_bytes()), expected, "{text:?}");
        }
    }
}
