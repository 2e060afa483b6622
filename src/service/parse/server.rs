//! Parses requests of ServerService.

use std::time::Duration;

use super::values::duration;
use crate::proto::v1;
use crate::status::FieldViolations;

const MIN_FILTER_TIME: Duration = Duration::from_secs(1);
const MAX_FILTER_TIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Returns the filter, which is not parsed yet, and the duration of the change.
pub fn set_log_filter(request: v1::SetLogFilterRequest) -> Result<(String, Option<Duration>), FieldViolations> {
    let mut problems = FieldViolations::default();
    let time = request.duration.and_then(|given| duration(&mut problems, "duration", given));
    if time.is_some_and(|time| !(MIN_FILTER_TIME..=MAX_FILTER_TIME).contains(&time)) {
        problems.add("duration", "must be from 1 second to 7 days");
    }
    problems.finish(|| Some((request.filter, time)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::fields;
    use super::*;

    #[test]
    fn a_filter_is_for_good_or_for_a_second_to_a_week() {
        let parsed = |seconds: Option<i64>| {
            let duration = seconds.map(|seconds| prost_types::Duration { seconds, nanos: 0 });
            set_log_filter(v1::SetLogFilterRequest { filter: "debug".into(), duration })
        };
        assert_eq!(parsed(None).unwrap(), ("debug".to_owned(), None));
        for seconds in [1, 604_800] {
            assert_eq!(parsed(Some(seconds)).unwrap().1, Some(Duration::from_secs(seconds as u64)));
        }
        for seconds in [-1, 0, 604_801] {
            assert_eq!(fields(parsed(Some(seconds)).unwrap_err()), ["duration"]);
        }
    }
}
