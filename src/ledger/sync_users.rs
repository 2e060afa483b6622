//! SyncUsers: users are created and updated as a directory has them (R33). What is to be done is decided before
//! anything is, so that a dry run tells what a real one does.

use super::budget::Budget;
use super::change::{Access, Action, BlockCause, Limit, Plan, Profile};
use super::command::{Outcome, SyncEntry, SyncUsers, Synced, SyncedUser, SyncedUsers, Waiting, WhatIf};
use super::execution::{Steps, each};
use super::grant_seats::{too_many_pools, union};
use super::notification::Cause;
use super::outcome::{DenialReason, Done, Refusal};
use super::pool::MAX_POOLS;
use super::step::Step;
use super::tenant::Tenant;
use super::user::{Seat, User};
use super::users::patched;
use crate::ids::{EventNo, PoolId, PoolNo, TenantId, UserId, UserNo};

/// What is to be done for one entry.
struct Wish {
    known: Option<UserNo>,
    /// New particulars, and their names for the audit.
    change: Option<(Profile, bool, String)>,
    /// Seats to give, or to widen.
    seats: Vec<(PoolId, Access)>,
    /// Seats that nobody wants any more, and that would only keep the user waiting.
    given_up: Vec<PoolNo>,
    /// Seats that cannot be had now. Where the user is to be blocked for it, `seats` has them nevertheless.
    denials: Vec<(PoolId, DenialReason)>,
    /// Before, and after.
    was: Option<BlockCause>,
    blocked: Option<BlockCause>,
    /// The seats count in named pools (R10).
    counts: bool,
}

impl Wish {
    fn moves_seats(&self) -> bool {
        !self.seats.is_empty() || !self.given_up.is_empty()
    }
}

/// Seats that one entry gives up: the next sync goes on.
const MAX_GIVEN_UP: usize = 256;

/// A sync's entries under way.
#[derive(Debug)]
pub(super) struct Syncing {
    ask: SyncUsers,
    answers: Vec<Done<SyncedUser>>,
}

impl Syncing {
    pub fn new(ask: SyncUsers) -> Self {
        Self { ask, answers: Vec::new() }
    }
}

impl Steps for Syncing {
    fn go_on(&mut self, tenant: &mut Tenant, step: &mut Step) -> Option<Outcome> {
        let Self { ask: SyncUsers { entries, what_if }, answers } = self;
        let turn = |at: usize, step: &mut Step| tenant.sync(&entries[at], what_if, step);
        let through = each(entries.len(), answers, step, turn);
        through.then(|| {
            let users = std::mem::take(&mut self.answers);
            Outcome::SyncUsers(Ok(SyncedUsers { users, what_if: self.ask.what_if.take() }))
        })
    }

    fn go_on_nowhere(&mut self, tenant: &TenantId, _: &mut Step) -> Option<Outcome> {
        Some(Outcome::SyncUsers(Err(Refusal::not_found("tenant", tenant))))
    }
}

impl Tenant {
    fn sync(&mut self, entry: &SyncEntry, what_if: &mut Option<WhatIf>, step: &mut Step) -> Done<SyncedUser> {
        let access = self.organization_numbers(&entry.organizations, step)?;
        let known = self.users.find(&entry.user);
        if let Some(no) = known.filter(|no| self.users.get(*no).administrator)
            && entry.patch.administrator == Some(false)
            && what_if.is_none()
        {
            self.end_overdue_around(no, step);
        }
        let wish = self.wish(entry, &access, what_if.as_ref(), step)?;
        let outcome = match (wish.known, wish.was, wish.blocked) {
            (None, ..) => Synced::Created,
            (Some(_), Some(_), None) => Synced::Activated,
            (Some(_), was, is) if was != is || wish.change.is_some() || wish.moves_seats() => Synced::Updated,
            _ => Synced::Unchanged,
        };
        let pools = self.named_pools(&wish, step);
        let no = match what_if {
            Some(what_if) => {
                self.imagine(&wish, what_if, step);
                wish.known
            }
            None => Some(self.fulfil(&entry.user, &wish, step)),
        };
        let waits = wish.blocked == Some(BlockCause::LicenseLimit);
        let since = no.map(|no| self.users.get(no)).and_then(waiting_since).unwrap_or(EventNo(u64::MAX));
        let waiting = waits.then_some(Waiting { user: entry.user.clone(), since, pools });
        Ok(SyncedUser { outcome, blocked: wish.blocked, denials: wish.denials, waiting })
    }

    fn wish(&self, entry: &SyncEntry, access: &Access, what_if: Option<&WhatIf>, step: &mut Step) -> Done<Wish> {
        step.budget.spend_each(entry.pools.len(), 10 * Budget::LOOK);
        step.budget.spend_each(entry.pools.len() * access.len(), 20);
        let known = self.users.find(&entry.user);
        let user = known.map(|no| self.users.get(no));
        // Each seat that the user has is looked at, and its pool is named, a few times.
        step.budget.spend_each(user.map_or(0, |user| user.seats.len()), 5 * Budget::LOOK);
        let change = match user {
            Some(user) => patched(user, &entry.patch),
            None => Some((entry.patch.clone().into_profile(), entry.patch.administrator == Some(true), String::new())),
        };
        let fresh = entry.pools.iter().filter(|pool| self.pools.find(pool).is_none()).count();
        if self.pools.iter().len() + fresh > MAX_POOLS {
            return Err(too_many_pools());
        }
        let administrator = match &change {
            Some((_, administrator, _)) => *administrator,
            None => user.is_some_and(|user| user.administrator),
        };
        let counts = !administrator || self.policy.administrators_count_in_named;
        if let Some(user) = user
            && user.blocked.is_none()
            && counts
            && !user.counts_in_named(&self.policy)
        {
            self.guard_room(user, what_if, step)?;
        }
        if let Some(user) = user.filter(|user| user.administrator && !administrator) {
            self.guard_sessions(user, what_if, step)?;
        }
        let was = user.and_then(|user| user.blocked);
        let (seats, given_up, denials) = (Vec::new(), Vec::new(), Vec::new());
        let mut wish = Wish { known, change, seats, given_up, denials, was, blocked: was, counts };
        if was != Some(BlockCause::Administrator) {
            self.wish_seats(entry, access, &mut wish, what_if, step);
        }
        if !access.is_empty() {
            let wanted = entry.pools.iter().map(|pool| (self.pools.find(pool), access));
            self.guard_named(known, &Vec::from_iter(wanted), step)?;
        }
        Ok(wish)
    }

    /// Decides about seats and blocking. Whoever an administrator blocked stays so, and is given no seat (R33).
    fn wish_seats(&self, entry: &SyncEntry, access: &Access, wish: &mut Wish, what_if: Option<&WhatIf>, step: &Step) {
        let user = wish.known.map(|no| self.users.get(no));
        let is_active = wish.known.is_some() && wish.was.is_none();
        // First blocked first: for who waits already, room is looked for when every entry was looked at.
        let waits = wish.was == Some(BlockCause::LicenseLimit);
        for pool in &entry.pools {
            let held = self.pools.find(pool).and_then(|no| user?.seat(no));
            // A directory that knows nothing of organizations widens nobody's access.
            let wanted = match held {
                None => access.clone(),
                Some(seat) if entry.organizations.is_empty() => seat.access.clone(),
                Some(seat) => union(&seat.access, access),
            };
            let denied =
                self.guard_synced_seat(pool, waits || (held.is_some() && is_active), wish.counts, what_if, step).err();
            let stands = denied.is_none() || (denied == Some(DenialReason::SeatsExhausted) && !is_active);
            if stands && held.is_none_or(|seat| seat.access != wanted) {
                wish.seats.push((pool.clone(), wanted));
            }
            wish.denials.extend(denied.map(|reason| (pool.clone(), reason)));
        }
        wish.given_up = self.unwanted(entry, wish, what_if, step);
        let full = wish.denials.iter().any(|(_, reason)| *reason == DenialReason::SeatsExhausted);
        let kept = |seat: &&Seat| !wish.given_up.contains(&seat.pool);
        let is_full = |user: &User| user.seats.iter().filter(kept).any(|seat| !self.is_free(seat.pool, what_if, step));
        let others_full = user.is_some_and(|user| wish.counts && is_full(user));
        wish.blocked = match wish.was {
            None if wish.known.is_some() => None,
            Some(BlockCause::LicenseLimit) => Some(BlockCause::LicenseLimit),
            _ => (full || others_full).then_some(BlockCause::LicenseLimit),
        };
    }

    /// Of a user who waits, or is back: seats for which there is no room, and which the directory, that speaks of pools,
    /// does not want (R33).
    fn unwanted(&self, entry: &SyncEntry, wish: &Wish, what_if: Option<&WhatIf>, step: &Step) -> Vec<PoolNo> {
        let waits = wish.was == Some(BlockCause::LicenseLimit);
        let Some(user) = wish.known.map(|no| self.users.get(no)).filter(|_| wish.was.is_some() && wish.counts) else {
            return Vec::new();
        };
        if entry.pools.is_empty() {
            return Vec::new();
        }
        let is_wanted = |no: PoolNo| entry.pools.contains(&self.pools.get(no).id);
        let has_room = |no| if waits { self.has_room_if(no, what_if, step) } else { self.is_free(no, what_if, step) };
        // A license that is not in force says nothing about room.
        let is_full = |no| !has_room(no) && self.want_of(no, step.sight()) == DenialReason::SeatsExhausted;
        let pools = user.seats.iter().map(|seat| seat.pool);
        pools.filter(|no| !is_wanted(*no) && is_full(*no)).take(MAX_GIVEN_UP).collect()
    }

    /// The guards of a grant. Where others wait for a seat of the pool, a free one is not for who comes now.
    fn guard_synced_seat(
        &self,
        pool: &PoolId,
        holds: bool,
        counts: bool,
        what_if: Option<&WhatIf>,
        step: &Step,
    ) -> Result<(), DenialReason> {
        self.guard_pool(pool, step)?;
        let Some(no) = self.pools.find(pool) else { return Ok(()) };
        if holds || !counts || self.is_free(no, what_if, step) { Ok(()) } else { Err(DenialReason::SeatsExhausted) }
    }

    /// Whether a seat is free for who comes now; always in a concurrent pool, where a seat is a permission.
    fn is_free(&self, no: PoolNo, what_if: Option<&WhatIf>, step: &Step) -> bool {
        let pool = self.pools.get(no);
        let others = what_if.map_or(pool.waiting, |what_if| what_if.waiting(&pool.id, pool.waiting));
        let (plan, _) = self.entitled(no, step.sight());
        plan == Plan::Concurrent || (others == 0 && self.has_room_if(no, what_if, step))
    }

    /// Whether a pool has a free seat; in a dry run, whether it would have one.
    pub fn has_room_if(&self, no: PoolNo, what_if: Option<&WhatIf>, step: &Step) -> bool {
        let Some(what_if) = what_if else { return self.has_seats(no, 1, step.sight()) };
        let (plan, limit) = self.entitled(no, step.sight());
        plan == Plan::Concurrent || what_if.has_room(&self.pools.get(no).id, limit, self.in_use(no, plan))
    }

    /// The named pools in which a user who is blocked needs a free seat.
    fn named_pools(&self, wish: &Wish, step: &Step) -> Vec<PoolId> {
        let mut pools = self.wished_pools(wish, true);
        pools.retain(|id| {
            let named = |no| self.entitled(no, step.sight()).0 == Plan::Named;
            wish.counts && self.pools.find(id).is_some_and(named)
        });
        pools
    }

    /// The pools in which the user has a seat, before or after.
    fn wished_pools(&self, wish: &Wish, after: bool) -> Vec<PoolId> {
        let held = wish.known.map_or(&[][..], |no| &self.users.get(no).seats);
        let held = held.iter().filter(|seat| !after || !wish.given_up.contains(&seat.pool));
        let held = held.map(|seat| &self.pools.get(seat.pool).id);
        let given = wish.seats.iter().map(|(pool, _)| pool).filter(|_| after);
        let mut pools: Vec<PoolId> = held.chain(given).cloned().collect();
        pools.sort_unstable();
        pools.dedup();
        pools
    }

    /// Notes what would be counted otherwise than it is.
    fn imagine(&self, wish: &Wish, what_if: &mut WhatIf, step: &Step) {
        let counted = wish.known.is_some_and(|no| self.users.get(no).counts_in_named(&self.policy));
        let states = [(false, wish.was, counted, -1), (true, wish.blocked, wish.counts, 1)];
        for (after, blocked, counts, by) in states {
            let pools = self.wished_pools(wish, after);
            match blocked {
                None if counts => what_if.shift(&pools, by),
                Some(BlockCause::LicenseLimit) => what_if.wait(&pools, by),
                None | Some(_) => {}
            }
        }
        if let (Some(no), Some((_, administrator, _))) = (wish.known, &wish.change)
            && self.users.get(no).administrator != *administrator
        {
            let exempt = *administrator && !self.policy.administrators_count_in_concurrent;
            for pool in self.lived_in(self.users.get(no), exempt, step.now.tick) {
                what_if.live(&self.pools.get(pool).id, if exempt { -1 } else { 1 });
            }
        }
    }

    fn fulfil(&mut self, id: &UserId, wish: &Wish, step: &mut Step) -> UserNo {
        let no = match (wish.known, &wish.change) {
            (Some(no), Some((profile, administrator, what))) => {
                self.change_user(no, step, |user| {
                    user.administrator = *administrator;
                    user.profile = (!profile.is_empty()).then(|| Box::new(profile.clone()));
                });
                step.log(self.about(Action::UserUpdated).user(id).detail(format!("{what}; by a sync")));
                no
            }
            (Some(no), None) => no,
            (None, change) => {
                let (profile, administrator, _) = change.clone().unwrap_or_default();
                self.create(id, administrator, profile, "by a sync", step)
            }
        };
        for (pool, reason) in &wish.denials {
            step.log_denial(self.about(Action::SeatGranted).denied(*reason).user(id).pool(pool));
            self.tell_denied(self.pools.find(pool), *reason, Cause::Sync, id, step);
        }
        if wish.was != wish.blocked {
            self.set_blocked(no, wish.blocked, step);
        }
        for pool in &wish.given_up {
            self.write_revocation(no, *pool, &Access::All, step);
            self.drop_seat(no, *pool, step);
        }
        for (pool, access) in &wish.seats {
            let pool = self.pool_or_new(pool, step).expect("room for a pool, as `wish` found");
            self.give_access(no, pool, access, step);
        }
        no
    }

    /// Blocks for want of a seat, or unblocks; in both cases the user's seats are the youngest from now on (R14, R33).
    fn set_blocked(&mut self, no: UserNo, blocked: Option<BlockCause>, step: &mut Step) {
        let action = if blocked.is_some() { Action::UserBlocked } else { Action::UserUnblocked };
        let detail = if blocked.is_some() { "no seat is free; by a sync" } else { "by a sync" };
        self.change_user(no, step, |user| user.blocked = blocked);
        let order = step.log(self.about(action).user(&self.users.get(no).id).detail(detail));
        self.regrant_seats(no, order, step);
    }
}

/// The grant of the user's oldest seat, if the user has one.
fn waiting_since(user: &User) -> Option<EventNo> {
    user.seats.iter().map(|seat| seat.order).min()
}

impl WhatIf {
    /// Whether a pool has a free seat, of which so many are in use in truth.
    pub(super) fn has_room(&self, pool: &PoolId, limit: Limit, in_use: u64) -> bool {
        let taken = self.pools.get(pool).map_or(0, |shift| shift.taken);
        limit.has_room(in_use.saturating_add_signed(taken))
    }

    fn waiting(&self, pool: &PoolId, in_truth: u64) -> u64 {
        in_truth.saturating_add_signed(self.pools.get(pool).map_or(0, |shift| shift.waiting))
    }

    /// Takes a seat of each pool, or gives it back.
    pub(super) fn shift(&mut self, pools: &[PoolId], by: i64) {
        for pool in pools {
            self.pools.entry(pool.clone()).or_default().taken += by;
        }
    }

    /// How many users have a live session that counts in a pool, of so many in truth.
    pub(super) fn lives(&self, pool: &PoolId, in_truth: u64) -> u64 {
        in_truth.saturating_add_signed(self.pools.get(pool).map_or(0, |shift| shift.live))
    }

    fn live(&mut self, pool: &PoolId, by: i64) {
        self.pools.entry(pool.clone()).or_default().live += by;
    }

    fn wait(&mut self, pools: &[PoolId], by: i64) {
        for pool in pools {
            self.pools.entry(pool.clone()).or_default().waiting += by;
        }
    }
}
