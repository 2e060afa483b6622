//! Ids that a user had before (R2): with them the events of before the renaming are found.

use crate::ids::{EventNo, UserId};

/// So many are kept of a user, the latest: what stands under older ones is found by asking for these.
pub const MAX_FORMER_IDS: usize = 16;

/// An id that a user had.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FormerId {
    pub id: UserId,
    /// The event of the renaming: the last one under this id.
    pub last_event: EventNo,
}

const RENAMED: &str = "is now ";

/// What the event of a renaming says; the store's check reads it, too.
pub(super) fn renamed(new: &UserId) -> String {
    format!("{RENAMED}{new}")
}

/// The new id in the detail of such an event.
#[must_use]
pub fn new_id(detail: &str) -> Option<UserId> {
    detail.strip_prefix(RENAMED).map(UserId::stored)
}
