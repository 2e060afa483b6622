//! The few functions that change what is counted: pools, users and seats. Every command uses these, so that each
//! counter is changed in one place.

use super::budget::Budget;
use super::context::Context;
use super::tenant::Tenant;
use super::user::{Seat, User};
use crate::ids::{EventNo, PoolId, PoolNo, UserNo};
use crate::ledger::model::change::{Access, BlockCause, Change, PoolRow};
use crate::ledger::model::policy::Policy;

/// The properties of a seat and its user on which the counters depend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counted {
    pool: PoolNo,
    order: EventNo,
    blocked: Option<BlockCause>,
    administrator: bool,
}

impl Tenant {
    /// Number of the pool with this id, which is created if it does not exist. `None`: the tenant has
    /// [`super::pool::MAX_POOLS`].
    pub fn pool_or_new(&mut self, id: &PoolId, ctx: &mut Context) -> Option<PoolNo> {
        if let Some(no) = self.pools.find(id) {
            return Some(no);
        }
        if self.pools.is_full() {
            return None;
        }
        let no = self.pools.add(id.clone());
        self.stale.note(self.pools.get_mut(no));
        ctx.put(Change::PutPool(PoolRow { tenant: self.no, no, id: id.clone() }));
        Some(no)
    }

    pub fn add_user(&mut self, user: User, ctx: &mut Context) {
        self.blocked += u64::from(user.blocked.is_some());
        self.administrators += u64::from(user.administrator);
        self.headcount.blocked_administrators += u32::from(is_blocked_administrator(&user));
        ctx.put(Change::PutUser(user.row(self.no)));
        self.users.put(user);
    }

    /// Adds a seat to the counters of its pool, or subtracts it.
    fn count_seat(&mut self, seat: Counted, add: bool, budget: &mut Budget) {
        let pool = self.pools.get_mut(seat.pool);
        let by = |counter: &mut u64, counts: bool| match (counts, add) {
            (false, _) => {}
            (true, true) => *counter += 1,
            (true, false) => *counter -= 1,
        };
        by(&mut pool.waiting, seat.blocked == Some(BlockCause::LicenseLimit));
        if seat.blocked.is_some() {
            return; // It is no active seat, and counts nowhere (R5).
        }
        by(&mut pool.seats, true);
        // For a named pool (R10).
        by(&mut pool.seats_counted, !seat.administrator || self.policy.administrators_count_in_named);
        let moved = match add {
            true => pool.orders.add(seat.order, seat.administrator),
            false => pool.orders.remove(seat.order, seat.administrator),
        };
        budget.spend_each(moved / Budget::WORDS_PER_UNIT, 1);
        self.stale.note(pool);
        self.notifications.moved(pool);
    }

    /// The user's seats as the counters see them.
    fn counted(user: &User) -> impl Iterator<Item = Counted> + '_ {
        user.seats.iter().map(|seat| counted(user, seat))
    }

    /// Changes a user, adjusts the counters that depend on it, and writes the row.
    pub fn change_user(&mut self, no: UserNo, ctx: &mut Context, change: impl FnOnce(&mut User)) {
        let before = (!self.users.get(no).seats.is_empty()).then(|| Vec::from_iter(Self::counted(self.users.get(no))));
        let user = self.users.get_mut(no);
        let (blocked, administrator) = (user.blocked.is_some(), user.administrator);
        let (had, counted) = (user.has_access(), is_blocked_administrator(user));
        change(user);
        self.headcount.access(user, had);
        let heads = &mut self.headcount.blocked_administrators;
        *heads = *heads + u32::from(is_blocked_administrator(user)) - u32::from(counted);
        user.version += 1;
        let row = user.row(self.no);
        self.blocked = self.blocked + u64::from(row.blocked.is_some()) - u64::from(blocked);
        self.administrators = self.administrators + u64::from(row.administrator) - u64::from(administrator);
        if let Some(before) = before {
            let after = Vec::from_iter(Self::counted(self.users.get(no)));
            if before != after {
                ctx.budget.spend_each(before.len(), Budget::READ);
                before.into_iter().for_each(|seat| self.count_seat(seat, false, ctx.budget));
                after.into_iter().for_each(|seat| self.count_seat(seat, true, ctx.budget));
            }
        }
        let role = row.administrator != administrator;
        ctx.put(Change::PutUser(row));
        self.users.sort(no);
        if role {
            self.take_role(no, ctx);
        }
    }

    /// Deletes a user, whose seats and sessions must be deleted already.
    pub fn remove_user(&mut self, no: UserNo, ctx: &mut Context) {
        let user = self.users.get(no);
        self.blocked -= u64::from(user.blocked.is_some());
        self.administrators -= u64::from(user.administrator);
        self.headcount.blocked_administrators -= u32::from(is_blocked_administrator(user));
        self.users.remove(no);
        ctx.put(Change::DeleteUser(self.no, no));
    }

    /// Gives the user a seat in the pool, or replaces the access of the seat that the user has.
    pub fn put_seat(&mut self, user: UserNo, pool: PoolNo, access: Access, order: EventNo, ctx: &mut Context) {
        let holder = self.users.get_mut(user);
        ctx.budget.spend_each(holder.seats.len(), 1);
        let held = holder.seats.iter().position(|seat| seat.pool == pool);
        let had = holder.has_access();
        let at = match held {
            Some(at) => {
                holder.seats[at].access = access;
                at
            }
            None => {
                holder.add_seat(Seat { pool, granted: ctx.now.tick, order, access });
                holder.seats.len() - 1
            }
        };
        self.headcount.access(holder, had);
        let (row, seat) = (holder.seat_row(self.no, &holder.seats[at]), counted(holder, &holder.seats[at]));
        if held.is_none() {
            self.count_seat(seat, true, ctx.budget);
        }
        ctx.budget.spend_each(row.access.len(), 2);
        ctx.put(Change::PutSeat(row));
    }

    /// Renews the grants of a user's seats at unblocking: they become the last granted of their pools (R14).
    pub fn regrant_seats(&mut self, user: UserNo, order: EventNo, ctx: &mut Context) {
        let (no, now) = (self.no, ctx.now.tick);
        let holder = self.users.get_mut(user);
        let before = Vec::from_iter(Self::counted(holder));
        for seat in &mut holder.seats {
            (seat.order, seat.granted) = (order, now);
        }
        holder.sort_seats();
        for seat in &holder.seats {
            ctx.budget.spend_each(seat.access.len(), 2);
            ctx.put(Change::PutSeat(holder.seat_row(no, seat)));
        }
        let after = Vec::from_iter(Self::counted(self.users.get(user)));
        before.into_iter().for_each(|seat| self.count_seat(seat, false, ctx.budget));
        after.into_iter().for_each(|seat| self.count_seat(seat, true, ctx.budget));
    }

    /// Deletes the user's seat in the pool, if there is one, without an audit event.
    pub fn drop_seat(&mut self, user: UserNo, pool: PoolNo, ctx: &mut Context) {
        let holder = self.users.get_mut(user);
        ctx.budget.spend_each(holder.seats.len(), 1);
        let Some(at) = holder.seats.iter().position(|seat| seat.pool == pool) else { return };
        let gone = counted(holder, &holder.seats[at]);
        let had = holder.has_access();
        holder.seats.remove(at);
        self.headcount.access(holder, had);
        self.count_seat(gone, false, ctx.budget);
        ctx.put(Change::DeleteSeat(self.no, user, pool));
    }

    /// Sets the policy and recomputes the counters that depend on it. The caller notes deadlines that become earlier.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
        let with = self.policy.administrators_count_in_named;
        for pool in self.pools.iter_mut() {
            pool.seats_counted = pool.orders.counted(with) as u64;
            self.stale.note(pool);
        }
    }

    /// Counts all seats, after a load.
    pub fn count_seats(&mut self) {
        let with = self.policy.administrators_count_in_named;
        for seat in self.users.iter().flat_map(Self::counted) {
            let pool = self.pools.get_mut(seat.pool);
            pool.waiting += u64::from(seat.blocked == Some(BlockCause::LicenseLimit));
            if seat.blocked.is_none() {
                pool.seats += 1;
                pool.orders.load(seat.order, seat.administrator);
            }
        }
        for pool in self.pools.iter_mut() {
            pool.orders.sort();
            pool.seats_counted = pool.orders.counted(with) as u64;
            self.stale.note(pool);
            self.notifications.moved(pool);
        }
    }
}

fn is_blocked_administrator(user: &User) -> bool {
    user.administrator && user.blocked.is_some()
}

fn counted(user: &User, seat: &Seat) -> Counted {
    Counted { pool: seat.pool, order: seat.order, blocked: user.blocked, administrator: user.administrator }
}
