//! Former ids of users (R2), by which events from before a renaming are found.

use crate::ids::{EventNo, UserId};

/// Highest number of former ids of a user: the latest are kept. A query for an older id still finds the events under
/// it.
pub const MAX_FORMER_IDS: usize = 16;

/// An id that the user had before.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FormerId {
    pub id: UserId,
    /// Number of the renaming's audit event, which is the last event under this id.
    pub last_event: EventNo,
}

const RENAMED: &str = "is now ";

/// Detail text of a renaming's audit event. The recount of a store parses it.
pub(in crate::ledger) fn renamed(new: &UserId) -> String {
    format!("{RENAMED}{new}")
}

/// Parses the new id from that text.
#[must_use]
pub fn new_id(detail: &str) -> Option<UserId> {
    detail.strip_prefix(RENAMED).map(UserId::stored)
}
