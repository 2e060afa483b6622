//! Sums over the tenants of a shard, for operators. [`crate::ledger::state::tally`] maintains them.

use crate::ledger::model::time::Moment;
use crate::ledger::model::totals::{PoolUsageEntry, Totals};
use crate::ledger::state::ledger::Ledger;

impl Ledger {
    /// The sums at `now`, updated with all steps.
    pub fn totals(&mut self, now: Moment) -> Totals {
        while !self.tally(now) {}
        self.tally_dated(now);
        self.tallied(now)
    }

    /// The sums as last updated: see [`Self::tally`].
    #[must_use]
    pub fn tallied(&self, now: Moment) -> Totals {
        let oldest = self.agenda.waiting.first().map(|(since, _)| now.tick.since(since).as_secs());
        Totals { deliveries_oldest: oldest.unwrap_or(0), ..self.tally.totals() }
    }

    /// The pools with the most seats in use, in descending order, as last counted; pools without use are not listed.
    #[must_use]
    pub fn busiest(&self, max: usize, now: Moment) -> Vec<PoolUsageEntry> {
        let basis = self.limit_basis(now);
        let found = self.tally.busiest(max).filter_map(|(tenant, pool, in_use)| {
            let tenant = self.tenants[tenant.0 as usize].as_deref()?;
            let (_, limit) = tenant.entitled(pool, basis);
            Some(PoolUsageEntry { tenant: tenant.id.clone(), pool: tenant.pools.get(pool).id.clone(), in_use, limit })
        });
        found.collect()
    }
}
