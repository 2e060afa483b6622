//! Writes the ids that a load changed (R2, decision 51), and finds users by the former ids that they keep.

use crate::ids::{TenantId, TenantNo};
use crate::ledger::model::change::{Actor, Changes};
use crate::ledger::model::command::Command;
use crate::ledger::model::time::Moment;
use crate::ledger::state::ledger::Ledger;
use crate::ledger::state::renewed_ids::meant;

impl Ledger {
    /// Writes the ids that a load changed in a tenant, as far as the budget allows. Returns true if all are written.
    pub(in crate::ledger) fn renew(&mut self, no: TenantNo, now: Moment, out: &mut Changes) -> bool {
        let actor = Actor::service();
        while let Some(key) = self.renewal.first(no).filter(|(tenant, _)| *tenant == no) {
            if self.budget.is_spent() {
                return false;
            }
            let old = self.renewal.unwritten.remove(&key).expect("the one just seen");
            let (found, mut ctx) = self.step_of(no, &actor, now, out);
            found.expect("a tenant, for nothing was decided there since the load").note_renaming(key.1, old, &mut ctx);
        }
        true
    }

    /// Calls [`Self::renew`] as a step of its own, before any command of the tenant is decided.
    pub(in crate::ledger) fn is_renewed(&mut self, tenant: &TenantId, now: Moment, out: &mut Changes) -> bool {
        if self.renewal.is_written() {
            return true;
        }
        let Some(no) = self.by_id.get(tenant).copied() else { return true };
        self.mark.observe(now);
        self.budget.begin();
        self.renew(no, now, out)
    }

    /// Takes a step of the same for the next tenant that needs it. Returns true if there is none.
    pub(in crate::ledger) fn renew_next(&mut self, now: Moment, out: &mut Changes) -> bool {
        let Some((no, _)) = self.renewal.first(TenantNo::default()) else { return true };
        self.mark.observe(now);
        self.budget.begin();
        self.renew(no, now, out);
        false
    }

    /// Replaces the user ids of a command by the former ids of users who keep them.
    pub(in crate::ledger) fn resolve_user_ids(&self, tenant: &TenantId, command: &mut Command) {
        if let Some(tenant) = self.keeping(tenant) {
            command.users().into_iter().for_each(|id| meant(tenant, id));
        }
    }
}
