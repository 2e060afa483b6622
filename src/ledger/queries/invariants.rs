//! Recounts every maintained counter and checks the invariants that must always hold (I1, I4). For tests and the
//! simulator; a running service does not call it.

use std::collections::BTreeSet;

use crate::ids::UserNo;
use crate::ledger::model::change::{BlockCause, Limit, Plan};
use crate::ledger::model::notification::{DeliveryState, Topic};
use crate::ledger::model::outcome::PoolUsage;
use crate::ledger::model::time::Moment;
use crate::ledger::model::totals::Totals;
use crate::ledger::state::budget::Budget;
use crate::ledger::state::headcount::Headcount;
use crate::ledger::state::ledger::Ledger;
use crate::ledger::state::limit_basis::LimitBasis;
use crate::ledger::state::pool::Pool;
use crate::ledger::state::session::{Session, SessionSlot};
use crate::ledger::state::tenant::Tenant;
use crate::ledger::state::user::User;

impl Ledger {
    /// # Errors
    /// Returns the first violation, in words.
    pub fn check(&mut self, now: Moment) -> Result<(), String> {
        let basis = self.limit_basis(now);
        for tenant in self.tenants.iter_mut().flatten() {
            tenant.mark_idle(now.tick, &mut Budget::of(u32::MAX));
            tenant.check(basis).map_err(|what| format!("tenant {}: {what}", tenant.id))?;
        }
        self.check_agenda(now)?;
        let (kept, recomputed) = (self.totals(now), self.recomputed(now));
        if kept == recomputed { Ok(()) } else { Err(format!("sums: kept {kept:?}, recomputed {recomputed:?}")) }
    }

    /// Checks that everything that time causes is scheduled, and not too late.
    fn check_agenda(&mut self, now: Moment) -> Result<(), String> {
        let basis = self.limit_basis(now);
        for tenant in self.tenants.iter().flatten() {
            let late = || {
                Err(format!("tenant {}: put down for {:?}, has something to do before", tenant.id, tenant.scheduled))
            };
            let ends = tenant.sessions.iter().map(|(_, session)| session).filter(|session| session.is_live());
            let first = ends.map(|session| session.deadline(&tenant.policy).0).min();
            let checks_due = tenant.notifications.needs_full_check || !tenant.notifications.moved.is_empty();
            if first.is_some_and(|first| first < tenant.scheduled)
                || tenant.first_due() < tenant.scheduled
                || (checks_due && tenant.scheduled > now.tick)
            {
                return late();
            }
            let dated = self.agenda.is_dated(tenant.no, basis.license_time);
            let (last, next) = (tenant.notifications.last_date, tenant.notifications.next_date);
            let due = !(last..next).contains(&basis.license_time);
            if dated != due && !tenant.notifications.needs_full_check && last < next {
                return late();
            }
        }
        Ok(())
    }

    /// Recounts the sums over all tenants.
    fn recomputed(&self, now: Moment) -> Totals {
        let (basis, mut totals) = (self.limit_basis(now), Totals::default());
        for tenant in self.tenants.iter().flatten() {
            totals.tenants += 1;
            totals.users += tenant.users.iter().count() as u64;
            totals.sessions += tenant.sessions.iter().filter(|(_, session)| session.is_live()).count() as u64;
            totals.licenses_expiring += u64::from(tenant.is_expiring(basis));
            for delivery in tenant.notifications.iter().flat_map(|row| row.deliveries.iter()) {
                let waited = now.tick.since(delivery.since).as_secs();
                totals.deliveries_pending += u64::from(delivery.is_open());
                totals.deliveries_dead += u64::from(delivery.state == DeliveryState::Dead);
                totals.deliveries_oldest = totals.deliveries_oldest.max(if delivery.is_open() { waited } else { 0 });
            }
            for pool in tenant.pools.iter() {
                let PoolUsage { in_use, limit, .. } = tenant.usage(pool.no, basis);
                totals.seats_in_use += in_use;
                totals.seats_limit = totals.seats_limit.saturating_add(match limit {
                    Limit::Seats(seats) => seats,
                    Limit::Unlimited => in_use,
                });
                if let Limit::Seats(seats @ 1..) = limit {
                    totals.pools_nearly_full += u64::from(u128::from(in_use) * 10 >= u128::from(seats) * 9);
                    totals.pools_full += u64::from(in_use >= seats);
                }
            }
        }
        totals
    }
}

impl Tenant {
    fn check(&self, basis: LimitBasis) -> Result<(), String> {
        self.licenses.check()?;
        let mut live_users = 0;
        for user in self.users.iter() {
            let live = self.live_of(user);
            live_users += usize::from(!live.is_empty());
            same("live sessions", user.id.as_str(), user.live as usize, live.len())?;
            let login = |slot: &SessionSlot| (self.sessions.get(*slot).pool, &self.sessions.get(*slot).device);
            let logins: BTreeSet<_> = live.iter().map(login).collect();
            same("sessions per pool and device (R16)", user.id.as_str(), logins.len(), live.len())?;
            let role = |session: &Session| session.administrator == user.administrator;
            let exempt = |session: &Session| session.exempt && !user.administrator;
            if live.iter().map(|slot| self.sessions.get(*slot)).any(|session| !role(session) || exempt(session)) {
                return Err(format!("{}: a session is not as its user's role has it (R11)", user.id));
            }
            if user.slots.iter().any(|slot| self.sessions.get(*slot).user_id != user.id) {
                return Err(format!("{}: a session has not its user's id (R2)", user.id));
            }
            let idle =
                !live.is_empty() && basis.now.tick.since(user.last_activity(&self.sessions)) >= self.policy.idle_after;
            if user.idle != idle {
                return Err(format!("{}: Idle is {}, should be {idle} (R23)", user.id, user.idle));
            }
        }
        same("users known as live", "", self.active_and_idle(), live_users)?;
        let (blocked, administrators) = (
            self.users.iter().filter(|user| user.blocked.is_some()).count(),
            self.users.iter().filter(|user| user.administrator).count(),
        );
        same("blocked", "", self.blocked as usize, blocked)?;
        same("administrators", "", self.administrators as usize, administrators)?;
        let heads = Headcount::recounted(&self.users);
        if self.headcount != heads {
            return Err(format!("users by kind: kept {:?}, recomputed {heads:?}", self.headcount));
        }
        self.check_notifications()?;
        self.pools.iter().try_for_each(|pool| self.check_pool(pool, basis))
    }

    fn check_notifications(&self) -> Result<(), String> {
        self.notifications.check()?;
        let stray = |topic: &Topic| match topic {
            Topic::Exceeded(pool) | Topic::Overdraft(pool) => self.pools.find(pool).is_none(),
            Topic::Warning(percent, pool) => {
                self.pools.find(pool).is_none() || !self.policy.warn_at_percent.contains(percent)
            }
            Topic::LicenseExpiring(id, _) | Topic::LicenseExpired(id, _) => self.licenses.head(id).is_none(),
        };
        match self.notifications.iter().find(|row| stray(&row.topic)) {
            None => Ok(()),
            Some(row) => Err(format!("a notification of something that is not there: {}", row.topic)),
        }
    }

    fn check_pool(&self, pool: &Pool, basis: LimitBasis) -> Result<(), String> {
        let live: Vec<_> = self.sessions.iter().map(|(_, s)| s).filter(|s| s.is_live() && s.pool == pool.no).collect();
        let users: BTreeSet<UserNo> = live.iter().map(|s| s.user).collect();
        let counted: BTreeSet<UserNo> = live.iter().filter(|s| !s.exempt).map(|s| s.user).collect();
        let idle = users.iter().filter(|user| self.users.get(**user).idle).count();
        let holders = || self.users.iter().filter(|user| user.blocked.is_none() && user.seat(pool.no).is_some());
        let counting = holders().filter(|user| user.counts_in_named(&self.policy)).count();
        let id = pool.id.as_str();
        same("live users", id, pool.live as usize, users.len())?;
        same("counted users (R11)", id, pool.live_counted as usize, counted.len())?;
        same("idle users", id, pool.idle as usize, idle)?;
        let idle_counted = counted.iter().map(|user| self.users.get(*user)).filter(|user| user.idle);
        let idle_counted: BTreeSet<_> =
            idle_counted.map(|user| (user.last_activity(&self.sessions), user.no)).collect();
        if pool.idle_counted != idle_counted {
            return Err(format!("{id}: who is Idle is {:?}, should be {idle_counted:?}", pool.idle_counted));
        }
        same("active seats", id, pool.seats as usize, holders().count())?;
        let waits = |user: &&User| user.blocked == Some(BlockCause::LicenseLimit) && user.seat(pool.no).is_some();
        same("waiting seats (R33)", id, pool.waiting as usize, self.users.iter().filter(waits).count())?;
        same("counted seats (R10)", id, pool.seats_counted as usize, counting)?;
        same("deadlines", id, pool.deadlines.len() + pool.exempt_deadlines.len(), live.len())?;
        let usage = self.usage(pool.no, basis);
        let recomputed = if usage.plan == Plan::Named { counting } else { counted.len() };
        same("usage (I4)", id, usage.in_use as usize, recomputed)
    }
}

fn same(what: &str, of: &str, kept: usize, recomputed: usize) -> Result<(), String> {
    if kept == recomputed { Ok(()) } else { Err(format!("{what} of {of:?}: kept {kept}, recomputed {recomputed}")) }
}
