//! Sums over all tenants, for operators. [`crate::ledger::state::tally`] maintains them.

use super::change::Limit;
use super::time::Moment;
use crate::ids::{PoolId, TenantId};
use crate::ledger::state::ledger::Ledger;

/// Sums that [`Ledger::totals`] returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    pub tenants: u64,
    /// Tenants with a license in force now, and, as things stand, with none in 30 days.
    pub licenses_expiring: u64,
    pub users: u64,
    /// Live sessions, exempt ones included.
    pub sessions: u64,
    pub seats_in_use: u64,
    /// An unlimited pool counts as what it uses.
    pub seats_limit: u64,
    /// Pools with at least 90 % of their seats in use, and those of them that are full; neither has pools without
    /// seats.
    pub pools_nearly_full: u64,
    pub pools_full: u64,
    /// Deliveries of notifications that are pending or in progress, and dead letters.
    pub deliveries_pending: u64,
    pub deliveries_dead: u64,
    /// Seconds for which the oldest pending delivery has been waiting.
    pub deliveries_oldest: u64,
}

/// A pool of a tenant, in a list of pools of all tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolUsageEntry {
    pub tenant: TenantId,
    pub pool: PoolId,
    pub in_use: u64,
    pub limit: Limit,
}

impl Totals {
    /// Adds the sums of another shard.
    pub fn add(&mut self, other: &Totals) {
        self.tenants += other.tenants;
        self.licenses_expiring += other.licenses_expiring;
        self.users += other.users;
        self.sessions += other.sessions;
        self.seats_in_use = self.seats_in_use.saturating_add(other.seats_in_use);
        self.seats_limit = self.seats_limit.saturating_add(other.seats_limit);
        self.pools_nearly_full += other.pools_nearly_full;
        self.pools_full += other.pools_full;
        self.deliveries_pending += other.deliveries_pending;
        self.deliveries_dead += other.deliveries_dead;
        self.deliveries_oldest = self.deliveries_oldest.max(other.deliveries_oldest);
    }
}

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
