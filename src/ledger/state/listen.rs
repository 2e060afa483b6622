//! A tenant looks for silent clients (C15): see [`super::silence`].

use super::context::Context;
use super::session::SessionSlot;
use super::silence::{PAUSE, Round, silent_from};
use super::tenant::Tenant;
use crate::ledger::model::change::Change;
use crate::ledger::model::time::Tick;

/// Work of looking at one session, in units of `Budget`: they lie side by side.
const LOOK: u32 = 20;

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
        let mut round = self.listening.round.take().map_or_else(Round::begin, |round| *round);
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
