//! Sums over all tenants, for those who look after the service.

use super::change::Limit;
use super::notification::DeliveryState;
use super::outcome::LicenseState;
use super::time::{Moment, Wall};
use super::{Ledger, entitlement};
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
pub struct Busy {
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
        self.seats_in_use += other.seats_in_use;
        self.seats_limit += other.seats_limit;
        self.pools_nearly_full += other.pools_nearly_full;
        self.pools_full += other.pools_full;
        self.deliveries_pending += other.deliveries_pending;
        self.deliveries_dead += other.deliveries_dead;
        self.deliveries_oldest = self.deliveries_oldest.max(other.deliveries_oldest);
    }

    /// Unlimited pools count as what they use.
    fn count_pool(&mut self, in_use: u64, limit: Limit) {
        self.seats_in_use += in_use;
        self.seats_limit += match limit {
            Limit::Seats(seats) => seats,
            Limit::Unlimited => in_use,
        };
        if let Limit::Seats(seats @ 1..) = limit {
            self.pools_nearly_full += u64::from(u128::from(in_use) * 10 >= u128::from(seats) * 9);
            self.pools_full += u64::from(in_use >= seats);
        }
    }
}

impl Ledger {
    #[must_use]
    pub fn totals(&self, now: Moment) -> Totals {
        let mut totals = Totals::default();
        let sight = self.sight(now);
        for tenant in self.tenants.iter().flatten() {
            totals.tenants += 1;
            totals.users += tenant.users.len() as u64;
            let valid = |at: Wall| entitlement::state(tenant.licenses.heads(), at) == LicenseState::Valid;
            let at = sight.license_time;
            totals.licenses_expiring += u64::from(valid(at) && !valid(at.plus(entitlement::EXPIRING)));
            for delivery in tenant.notifications.iter().flat_map(|row| row.deliveries.iter()) {
                if delivery.is_open() {
                    totals.deliveries_pending += 1;
                    totals.deliveries_oldest = totals.deliveries_oldest.max(now.tick.since(delivery.since).as_secs());
                }
                totals.deliveries_dead += u64::from(delivery.state == DeliveryState::Dead);
            }
            for pool in tenant.pools.iter() {
                let (plan, limit) = tenant.entitled(pool.no, sight);
                totals.sessions += pool.deadlines.len() as u64 + pool.exempt_deadlines.len() as u64;
                totals.count_pool(tenant.in_use(pool.no, plan), limit);
            }
        }
        totals
    }

    /// The pools with the most in use, the busiest first; none that nobody uses.
    #[must_use]
    pub fn busiest(&self, most: usize, now: Moment) -> Vec<Busy> {
        let sight = self.sight(now);
        let pools =
            self.tenants.iter().flatten().flat_map(|tenant| tenant.pools.iter().map(move |pool| (tenant, pool)));
        let used = pools.map(|(tenant, pool)| {
            let (plan, limit) = tenant.entitled(pool.no, sight);
            (tenant.in_use(pool.no, plan), tenant, pool, limit)
        });
        let mut used: Vec<_> = used.filter(|(in_use, ..)| *in_use > 0).collect();
        used.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| (&a.1.id, &a.2.id).cmp(&(&b.1.id, &b.2.id))));
        used.truncate(most);
        let rows = used.into_iter();
        rows.map(|(in_use, tenant, pool, limit)| Busy {
            tenant: tenant.id.clone(),
            pool: pool.id.clone(),
            in_use,
            limit,
        })
        .collect()
    }
}
