//! Marks a call that may have been carried out already.

/// Attached to the request of a call that is sent again because its outcome is not known (C8). A service whose method
/// is repeatable only in some cases answers `OUTCOME_UNKNOWN` in the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeated;
