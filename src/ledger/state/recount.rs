//! Brings the sums over all tenants up to date.

use super::budget::Budget;
use super::ledger::Ledger;
use super::limit_basis::LimitBasis;
use crate::ledger::model::time::Moment;

impl Ledger {
    /// Takes a step to update the sums; returns true if they are up to date as of the last tick. The effect of a date
    /// that has come since then is counted when a tick has looked at it.
    pub fn tally(&mut self, now: Moment) -> bool {
        self.budget.begin();
        let basis = self.limit_basis(now);
        while let Some(no) = self.tally.stale.pop_front() {
            let Some(tenant) = self.tenants[no.0 as usize].as_deref_mut() else { continue };
            tenant.stale.listed = false;
            let basis = LimitBasis { license_time: tenant.notifications.since_full_check(basis.license_time), ..basis };
            if !self.tally.update(tenant, basis, &mut self.budget) {
                self.tally.put(tenant);
                return false;
            }
        }
        true
    }

    /// Recounts tenants with a date that has come and that no tick has looked at, and does so again the next time.
    pub(in crate::ledger) fn tally_dated(&mut self, now: Moment) {
        let basis = self.limit_basis(now);
        let mut dated = Vec::new();
        self.agenda.each_dated(basis.license_time, |no| dated.push(no));
        for no in dated {
            let Some(tenant) = self.tenants[no.0 as usize].as_deref_mut() else { continue };
            tenant.stale.note_all(&mut tenant.pools);
            self.tally.update(tenant, basis, &mut Budget::of(u32::MAX));
            tenant.stale.note_all(&mut tenant.pools);
            self.tally.put(tenant);
        }
    }
}
