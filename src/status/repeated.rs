//! Calls that may have been carried out already, whole or in part.

use std::time::Duration;

use tonic::Status;

use super::{routing, unavailable};
use crate::error_reason::ErrorReason;

/// Attached to the request of a call that is sent again because its outcome is not known (C8). A service whose method
/// is repeatable only in some cases answers `OUTCOME_UNKNOWN` in the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeated;

/// Whether a call was carried out is not known: the node that was to answer it is gone, or its shard is.
#[must_use]
pub fn outcome_unknown() -> Status {
    let text = "This tenant moved to another node while the call was carried out, and whether it was, or a part of it, is \
                not known: read what has become of it before you send it again.";
    unavailable(ErrorReason::OutcomeUnknown, text, Duration::from_secs(1))
}

/// The error of a call of which an earlier step was carried out already. Where another node would answer this step, the
/// call must not be sent there: its first steps would be done twice.
#[must_use]
pub fn half_done(error: Status) -> Status {
    match routing::take(&mut error.metadata().clone().into_headers()) {
        Some(_) => outcome_unknown(),
        None => error,
    }
}

/// Error of a request body that is read somewhere else by now. No client gets it.
#[must_use]
pub fn sent_elsewhere() -> Status {
    Status::cancelled("the request was sent elsewhere")
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::super::overloaded;
    use super::super::tests::check;
    use super::*;
    use crate::ids::ShardId;

    #[test]
    fn a_call_of_which_a_part_was_done_is_not_sent_elsewhere() {
        let marked = |status| routing::marked(status, routing::Routing::NotApplied(ShardId(1)));
        let status = check(half_done(marked(overloaded())), Code::Unavailable, "OUTCOME_UNKNOWN");
        assert!(status.metadata().is_empty());
        check(outcome_unknown(), Code::Unavailable, "OUTCOME_UNKNOWN");
        check(half_done(overloaded()), Code::Unavailable, "OVERLOADED");
    }
}
