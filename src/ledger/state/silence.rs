//! Clients that are silent. A session whose client was not heard for half of its lease, which is one missed heartbeat,
//! gets a row that says since when. A load counts the lease and the grace from then on, not anew (C15).
//!
//! A heartbeat costs nothing here: a tenant looks at all of its sessions when the first of them may be silent, which is
//! seldom, because clients send a heartbeat every third of the lease.

use std::time::Duration;

use super::session::Session;
use crate::ledger::model::time::Tick;

/// Time between two rounds over a tenant's sessions, at least: clients that send heartbeats late cause no more.
pub(in crate::ledger) const PAUSE: Duration = Duration::from_secs(10);

/// When a tenant looks for silent clients, and how far it is.
#[derive(Debug)]
pub(in crate::ledger) struct Listening {
    /// No client is newly silent before this time. It may be early, but is never late by more than [`PAUSE`].
    pub due: Tick,
    /// The round that is not finished. In a box, because tenants are many and rounds are few.
    pub round: Option<Box<Round>>,
}

/// A round over all sessions of a tenant, in several steps.
#[derive(Debug, Clone, Copy)]
pub(in crate::ledger) struct Round {
    /// The next session.
    pub slot: u32,
    /// First time at which a client may be silent whose session was passed, or came since the round began.
    pub due: Tick,
}

impl Round {
    pub fn begin() -> Self {
        Self { slot: 0, due: Tick::NEVER }
    }
}

impl Default for Listening {
    fn default() -> Self {
        Self { due: Tick::NEVER, round: None }
    }
}

impl Listening {
    pub fn note(&mut self, session: &Session) {
        let from = silent_from(session);
        self.due = self.due.min(from);
        if let Some(round) = &mut self.round {
            round.due = round.due.min(from);
        }
    }
}

/// Time at which the client becomes silent. [`Tick::NEVER`]: it needs no heartbeat, or its silence is written.
pub(in crate::ledger) fn silent_from(session: &Session) -> Tick {
    let waits = session.is_live() && !session.silent && session.lease_end != Tick::NEVER;
    if waits { session.heard_or_ended + Duration::from_millis(session.lease_ms / 2) } else { Tick::NEVER }
}
