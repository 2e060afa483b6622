//! Renders timestamps and durations as protobuf types.

use std::time::Duration;

use crate::ledger::time::WallTime;

/// The longest duration of the protobuf type: 10,000 years.
const MAX_SECONDS: i64 = 315_576_000_000;

pub fn timestamp(at: WallTime) -> prost_types::Timestamp {
    // Below 1,000,000,000, so it fits.
    let nanos = at.0.rem_euclid(1_000) as i32 * 1_000_000;
    prost_types::Timestamp { seconds: at.0.div_euclid(1_000), nanos }
}

pub fn duration(duration: Duration) -> prost_types::Duration {
    match i64::try_from(duration.as_secs()) {
        Ok(seconds) if seconds < MAX_SECONDS => {
            // Below 1,000,000,000, so it fits.
            prost_types::Duration { seconds, nanos: duration.subsec_nanos() as i32 }
        }
        _ => prost_types::Duration { seconds: MAX_SECONDS, nanos: 0 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_time_before_and_after_1970() {
        let check = |millis, seconds, nanos| {
            assert_eq!(timestamp(WallTime(millis)), prost_types::Timestamp { seconds, nanos }, "{millis}");
        };
        check(0, 0, 0);
        check(1_500, 1, 500_000_000);
        check(-1, -1, 999_000_000);
        check(-1_000, -1, 0);
    }

    #[test]
    fn durations_are_capped_at_what_the_type_holds() {
        assert_eq!(duration(Duration::from_millis(1_500)), prost_types::Duration { seconds: 1, nanos: 500_000_000 });
        assert_eq!(duration(Duration::MAX), prost_types::Duration { seconds: MAX_SECONDS, nanos: 0 });
    }
}
