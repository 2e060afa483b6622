//! Events of a watch.

use crate::ids::EventNo;
use crate::ledger::outcome::{SessionEndReason, SessionView};
use crate::ledger::time::WallTime;

/// An event of a watch. `cursor` is the position at which the watch can be resumed. Without `known`, only what the audit
/// has of the session is known: not its device and client, not whether it is an administrator's, and at its end not when
/// it began and was last active.
#[derive(Debug, Clone, PartialEq)]
pub enum WatchEvent {
    Started {
        cursor: EventNo,
        session: SessionView,
        known: bool,
    },
    Ended {
        cursor: EventNo,
        session: SessionView,
        known: bool,
        reason: SessionEndReason,
        at: WallTime,
    },
    /// Events were missed that the audit no longer has: list the sessions again, then go on from `cursor`.
    ListAgain {
        cursor: EventNo,
    },
    /// No more events will come: the tenant was deleted, or this process no longer serves it.
    Closed,
}
