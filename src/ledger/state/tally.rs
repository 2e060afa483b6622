//! Maintained sums over all tenants: a scrape costs what has changed since the last one, not what exists. A check-out
//! only puts a pool whose count changes on a list, once. The pool is recounted when the sums are queried, or by the
//! next tick, in steps.

use std::cmp::Reverse;
use std::collections::{BTreeSet, VecDeque};

use super::budget::Budget;
use super::entitlement;
use super::limit_basis::LimitBasis;
use super::pool::Pool;
use super::stale::Tallied;
use super::tenant::Tenant;
use crate::ids::{PoolNo, TenantNo};
use crate::ledger::model::change::Limit;
use crate::ledger::model::outcome::LicenseState;
use crate::ledger::model::totals::Totals;

/// Sums over the tenants of one shard.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Tally {
    tenants: u64,
    users: u64,
    sessions: u64,
    open: u64,
    dead: u64,
    expiring: u64,
    seats: Seats,
    /// Tenants with stale pools, in the order in which they became so.
    pub stale: VecDeque<TenantNo>,
    /// Pools in which seats are in use.
    by_use: BTreeSet<(u64, Reverse<TenantNo>, Reverse<PoolNo>)>,
}

/// Sums over pools. Customers choose the limits, so their sum can exceed 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Seats {
    in_use: u128,
    limit: u128,
    nearly_full: u64,
    full: u64,
}

impl Seats {
    /// Part of one pool. An unlimited pool counts as what it uses; a pool without seats is never full.
    fn of(in_use: u64, limit: Limit) -> Self {
        let (seats, has_seats) = match limit {
            Limit::Seats(seats) => (seats, seats > 0),
            Limit::Unlimited => (in_use, false),
        };
        Self {
            in_use: in_use.into(),
            limit: seats.into(),
            nearly_full: u64::from(has_seats && u128::from(in_use) * 10 >= u128::from(seats) * 9),
            full: u64::from(has_seats && in_use >= seats),
        }
    }

    fn add(&mut self, other: Seats) {
        self.in_use += other.in_use;
        self.limit += other.limit;
        self.nearly_full += other.nearly_full;
        self.full += other.full;
    }

    fn take(&mut self, other: Seats) {
        self.in_use -= other.in_use;
        self.limit -= other.limit;
        self.nearly_full -= other.nearly_full;
        self.full -= other.full;
    }
}

impl Tally {
    pub fn begin(&mut self) {
        self.tenants += 1;
    }

    /// Updates the tenant's part of the sums, after every change that may affect it. Every decision calls it; it costs
    /// a few comparisons.
    pub fn put(&mut self, tenant: &mut Tenant) {
        let counted = tenant.tallied;
        let now = Tallied { expiring: counted.expiring, ..tenant.countable() };
        if counted != now {
            self.shift(counted, now);
            tenant.tallied = now;
        }
        if !tenant.stale.is_empty() && !std::mem::replace(&mut tenant.stale.listed, true) {
            self.stale.push_back(tenant.no);
        }
    }

    fn shift(&mut self, was: Tallied, now: Tallied) {
        let shift = |sum: &mut u64, was: u32, now: u32| *sum = *sum - u64::from(was) + u64::from(now);
        shift(&mut self.users, was.users, now.users);
        shift(&mut self.sessions, was.sessions, now.sessions);
        shift(&mut self.open, was.open, now.open);
        shift(&mut self.dead, was.dead, now.dead);
        shift(&mut self.expiring, was.expiring.into(), now.expiring.into());
    }

    /// Subtracts a deleted tenant with all of its pools.
    pub fn remove(&mut self, tenant: &mut Tenant) {
        self.tenants -= 1;
        self.shift(std::mem::take(&mut tenant.tallied), Tallied::default());
        for pool in tenant.pools.iter_mut() {
            self.count(tenant.no, pool, None);
        }
    }

    /// Replaces the part of a pool in the sums.
    fn count(&mut self, tenant: TenantNo, pool: &mut Pool, now: Option<(u64, Limit)>) {
        let was = std::mem::replace(&mut pool.tallied, now);
        if was == now {
            return;
        }
        let key = |in_use| (in_use, Reverse(tenant), Reverse(pool.no));
        if let Some((in_use, limit)) = was {
            self.seats.take(Seats::of(in_use, limit));
            self.by_use.remove(&key(in_use));
        }
        if let Some((in_use, limit)) = now {
            self.seats.add(Seats::of(in_use, limit));
            if in_use > 0 {
                self.by_use.insert(key(in_use));
            }
        }
    }

    /// Recounts the stale pools of a tenant, as far as the budget allows; returns true if none is left.
    pub fn update(&mut self, tenant: &mut Tenant, basis: LimitBasis, budget: &mut Budget) -> bool {
        while let Some(no) = tenant.stale.pools.pop() {
            if budget.is_spent() {
                tenant.stale.pools.push(no);
                return false;
            }
            let (plan, limit) = tenant.entitled(no, basis);
            let now = Some((tenant.in_use(no, plan), limit));
            let pool = tenant.pools.get_mut(no);
            pool.stale = false;
            self.count(tenant.no, pool, now);
            budget.spend(3 * Budget::READ);
        }
        tenant.stale.licenses = false;
        let now = Tallied { expiring: tenant.is_expiring(basis), ..tenant.tallied };
        self.shift(tenant.tallied, now);
        tenant.tallied = now;
        true
    }

    /// The pools with the most seats in use, in descending order.
    pub fn busiest(&self, max: usize) -> impl Iterator<Item = (TenantNo, PoolNo, u64)> {
        self.by_use.iter().rev().take(max).map(|(in_use, tenant, pool)| (tenant.0, pool.0, *in_use))
    }

    pub fn totals(&self) -> Totals {
        let capped = |sum: u128| u64::try_from(sum).unwrap_or(u64::MAX);
        Totals {
            tenants: self.tenants,
            licenses_expiring: self.expiring,
            users: self.users,
            sessions: self.sessions,
            seats_in_use: capped(self.seats.in_use),
            seats_limit: capped(self.seats.limit),
            pools_nearly_full: self.seats.nearly_full,
            pools_full: self.seats.full,
            deliveries_pending: self.open,
            deliveries_dead: self.dead,
            deliveries_oldest: 0,
        }
    }
}

impl Tenant {
    fn countable(&self) -> Tallied {
        let small = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        Tallied {
            users: small(self.users.len() as u64),
            sessions: small(self.sessions.live),
            open: small(self.notifications.open()),
            dead: small(self.notifications.dead()),
            expiring: false,
        }
    }

    /// True if a license is in force now, and none of the present licenses will be in 30 days.
    pub fn is_expiring(&self, basis: LimitBasis) -> bool {
        let valid = |at| entitlement::state(self.licenses.heads(), at) == LicenseState::Valid;
        valid(basis.license_time) && !valid(basis.license_time.plus(entitlement::EXPIRY_NOTICE_PERIOD))
    }
}
