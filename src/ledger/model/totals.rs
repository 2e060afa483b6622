//! Sums over all tenants, for operators.

use super::limit::Limit;
use crate::ids::{PoolId, TenantId};

/// Sums over the tenants of one shard, or of several.
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
