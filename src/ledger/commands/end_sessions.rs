//! Ends sessions of a user, who can have a thousand: in several steps.

use crate::ids::UserNo;
use crate::ledger::model::outcome::SessionEndReason;
use crate::ledger::state::budget::Budget;
use crate::ledger::state::context::Context;
use crate::ledger::state::session::Session;
use crate::ledger::state::tenant::Tenant;

impl Tenant {
    /// Ends the user's live sessions for which `meant` returns true, oldest first, each with the same reason, as far as
    /// the budget of this step allows, and one at least. Returns true if all of them are ended.
    pub fn end_sessions_of(
        &mut self,
        user: UserNo,
        meant: impl Fn(&Session) -> bool,
        reason: SessionEndReason,
        ctx: &mut Context,
    ) -> bool {
        let Some(holder) = self.users.at(user) else { return true };
        ctx.budget.spend_each(holder.slots.len(), Budget::READ / 4);
        let mut ended = false;
        for slot in self.live_of(holder) {
            if !meant(self.sessions.get(slot)) {
                continue;
            }
            if ctx.budget.is_spent() && ended {
                return false;
            }
            ended = true;
            // Ending a session reads all sessions of its user.
            ctx.budget.spend_each(self.users.get(user).slots.len(), 4);
            self.end(slot, reason, ctx);
        }
        true
    }
}
