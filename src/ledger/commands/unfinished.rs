//! Work that earlier steps left unfinished.

use crate::ledger::model::change::{Actor, Changes};
use crate::ledger::model::time::Moment;
use crate::ledger::state::ledger::Ledger;

impl Ledger {
    /// True if earlier steps left work unfinished.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.has_unfinished_checks() || !self.renewal.is_written() || !self.ended_sessions.leaving.is_empty()
    }

    /// True if unfinished work is left other than what the next load would do anyway, and rows of deleted tenants.
    #[must_use]
    pub fn has_unfinished_checks(&self) -> bool {
        !self.unfinished.is_empty()
    }

    /// Takes one step of the unfinished work: for one tenant, in turn.
    pub fn run_unfinished(&mut self, now: Moment, out: &mut Changes) {
        let Some(no) = self.unfinished.pop_front() else {
            if self.renew_next(now, out) {
                self.clear_away(now, out);
            }
            return;
        };
        self.mark.observe(now);
        self.budget.begin();
        let actor = Actor::service();
        let (Some(tenant), mut ctx) = self.step_of(no, &actor, now, out) else { return };
        tenant.unfinished = false;
        tenant.update_notifications(&mut ctx);
        self.update_shard_state(no);
    }
}
