//! Sums over all tenants, for those who look after the service. [`super::tally`] keeps them.

use super::Ledger;
use super::change::Limit;
use super::time::Moment;
use crate::ids::{PoolId, TenantId};

/// What [`Ledger::totals`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    pub tenants: u64,
    /// Of these: tenants with a license in force, and with none 30 days later as things stand.
    pub licenses_expiring: u64,
    pub users: u64,
    /// Live sessions, exempt ones included.
    pub sessions: u64,
    pub seats_in_use: u64,
    /// Unlimited pools count as what they use.
    pub seats_limit: u64,
    /// Pools of which at least 90 % of the seats are in use, and of these the full ones. Pools without seats are neither.
    pub pools_nearly_full: u64,
    pub pools_full: u64,
    /// Deliveries of notifications that are pending or under way, and dead letters.
    pub deliveries_pending: u64,
    pub deliveries_dead: u64,
    /// For how many seconds the oldest of the pending ones has been waiting.
    pub deliveries_oldest: u64,
}

/// A pool of a tenant among all pools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolUsageEntry {
    pub tenant: TenantId,
    pub pool: PoolId,
    pub in_use: u64,
    pub limit: Limit,
}

impl Totals {
    /// Adds another shard's.
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
    /// The sums at `now`, in one go.
    pub fn totals(&mut self, now: Moment) -> Totals {
        while !self.tally(now) {}
        self.tally_dated(now);
        self.tallied(now)
    }

    /// The sums as they are kept: see [`Self::tally`].
    #[must_use]
    pub fn tallied(&self, now: Moment) -> Totals {
        let oldest = self.agenda.waiting.first().map(|(since, _)| now.tick.since(since).as_secs());
        Totals { deliveries_oldest: oldest.unwrap_or(0), ..self.tally.totals() }
    }

    /// The pools with the most in use, the busiest first, as they were when they were last counted; none that nobody uses.
    #[must_use]
    pub fn busiest(&self, most: usize, now: Moment) -> Vec<PoolUsageEntry> {
        let basis = self.limit_basis(now);
        let found = self.tally.busiest(most).filter_map(|(tenant, pool, in_use)| {
            let tenant = self.tenants[tenant.0 as usize].as_deref()?;
            let (_, limit) = tenant.entitled(pool, basis);
            Some(PoolUsageEntry { tenant: tenant.id.clone(), pool: tenant.pools.get(pool).id.clone(), in_use, limit })
        });
        found.collect()
    }
}
