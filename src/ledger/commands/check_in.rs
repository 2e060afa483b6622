//! CheckIn: returns the seat of a session at logout. Repeating it changes nothing and gives the same reason.

use crate::ledger::model::command::CheckIn;
use crate::ledger::model::outcome::{CheckedIn, SessionEndReason};
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

impl Tenant {
    pub fn check_in(&mut self, command: &CheckIn, ctx: &mut Context) -> CheckedIn {
        let Some(slot) = self.sessions.find(command.session) else {
            let reason = ctx.ended_sessions.find(command.session, &self.id).map(|(reason, _)| reason);
            return CheckedIn { ended_now: false, reason };
        };
        let session = self.sessions.get(slot);
        if let Some((_, reason)) = session.ended() {
            return CheckedIn { ended_now: false, reason: Some(reason) };
        }
        let (due, overdue) = session.deadline(&self.policy);
        // An overdue session ended before this call (R18), whether or not the sweeper has ended it.
        let late = due <= ctx.now.tick;
        let reason = if late { overdue } else { SessionEndReason::CheckedIn };
        self.end(slot, reason, ctx);
        CheckedIn { ended_now: !late, reason: Some(reason) }
    }
}
