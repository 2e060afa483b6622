//! Clients that are silent. A session whose client was not heard for half of its lease, which is one missed heartbeat,
//! gets a row that says since when. A load counts the lease and the grace from then on, not anew (C15).
//!
//! A heartbeat costs nothing here: a tenant looks at all of its sessions when the first of them may be silent, which is
//! seldom, because clients send a heartbeat every third of the lease.

use std::time::Duration;

use super::context::Context;
use super::session::{Session, SessionSlot};
use super::tenant::Tenant;
use crate::ledger::model::change::Change;
use crate::ledger::model::time::Tick;

/// Work of looking at one session, in units of `Budget`: they lie side by side.
const LOOK: u32 = 20;

/// Time between two rounds over a tenant's sessions, at least: clients that send heartbeats late cause no more.
const PAUSE: Duration = Duration::from_secs(10);

/// When a tenant looks for silent clients, and how far it is.
#[derive(Debug)]
pub(in crate::ledger) struct Listening {
    /// No client is newly silent before this time. It may be early, but is never late by more than [`PAUSE`].
    pub due: Tick,
    /// The round that is not finished. In a box, because tenants are many and rounds are few.
    round: Option<Box<Round>>,
}

/// A round over all sessions of a tenant, in several steps.
#[derive(Debug, Clone, Copy)]
struct Round {
    /// The next session.
    slot: u32,
    /// First time at which a client may be silent whose session was passed, or came since the round began.
    due: Tick,
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
fn silent_from(session: &Session) -> Tick {
    let waits = session.is_live() && !session.silent && session.lease_end != Tick::NEVER;
    if waits { session.heard_or_ended + Duration::from_millis(session.lease_ms / 2) } else { Tick::NEVER }
}

impl Tenant {
    /// Notes a session whose client is expected to be heard again.
    pub fn listen_to(&mut self, slot: SessionSlot) {
        self.listening.note(self.sessions.get(slot));
        self.due_by(self.listening.due);
    }

    /// Writes since when clients are silent, as far as the budget allows; returns true if nothing is due.
    pub fn note_silence(&mut self, ctx: &mut Context) -> bool {
        let now = ctx.now.tick;
        if self.listening.due > now {
            return true;
        }
        let mut round = self.listening.round.take().map_or(Round { slot: 0, due: Tick::NEVER }, |round| *round);
        while round.slot < self.sessions.slots() {
            if ctx.budget.is_spent() {
                self.listening.round = Some(Box::new(round));
                return false;
            }
            ctx.budget.spend(LOOK);
            let slot = SessionSlot(round.slot);
            round.slot += 1;
            match self.sessions.at(slot).map_or(Tick::NEVER, silent_from) {
                from if from <= now => self.write_silence(slot, ctx),
                from => round.due = round.due.min(from),
            }
        }
        self.listening.due = round.due.max(now + PAUSE);
        true
    }

    fn write_silence(&mut self, slot: SessionSlot, ctx: &mut Context) {
        let session = self.sessions.get_mut(slot);
        session.silent = true;
        let user = session.user;
        let row = self.sessions.get(slot).row(self.no, self.users.last_sign_in(user));
        ctx.put(Change::PutSession(row));
    }
}
