//! Events of a watch.

use crate::ids::EventNo;
use crate::ledger::outcome::{SessionEndReason, SessionView};
use crate::ledger::time::WallTime;

/// An event of a watch. `cursor` is the position at which the watch can be resumed.
#[derive(Debug, Clone, PartialEq)]
pub enum WatchEvent {
    Started {
        cursor: EventNo,
        session: SessionView,
    },
    Ended {
        cursor: EventNo,
        session: SessionView,
        reason: SessionEndReason,
        at: WallTime,
    },
    /// Events were missed: list the sessions again, then go on from `cursor`.
    ListAgain {
        cursor: EventNo,
    },
    /// No more events will come: the tenant was deleted, or this process no longer serves it.
    Closed,
}
