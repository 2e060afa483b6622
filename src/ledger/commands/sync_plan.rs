//! Plan of a sync for one entry, decided before anything is done, so that a dry run reports what a real run does (R33).

use std::collections::BTreeSet;

use super::patch::patched;
use super::seat_guards::{too_many_pools, union};
use crate::ids::{PoolId, PoolNo, UserNo};
use crate::ledger::model::change::{Access, BlockCause, Plan, Profile};
use crate::ledger::model::command::{SyncEntry, WantedSeat, WhatIf};
use crate::ledger::model::outcome::{DenialReason, Done};
use crate::ledger::state::budget::Budget;
use crate::ledger::state::context::Context;
use crate::ledger::state::pool::MAX_POOLS;
use crate::ledger::state::tenant::Tenant;

/// Effects of a sync on one user.
pub(in crate::ledger) struct SyncPlan {
    pub known: Option<UserNo>,
    /// Changed profile and role, and the names of the changed fields for the audit.
    pub change: Option<(Profile, bool, String)>,
    /// Seats to give, or to extend by organizations.
    pub seats: Vec<(PoolId, Access)>,
    /// Seats that the entry no longer wants, and that would only keep the user waiting.
    pub given_up: Vec<PoolNo>,
    /// Seats that the user cannot get now. If the user is blocked because of one, `seats` contains it nevertheless.
    pub denials: Vec<(PoolId, DenialReason)>,
    /// Block cause before the sync, and after it.
    pub was: Option<BlockCause>,
    pub blocked: Option<BlockCause>,
    /// True if the user's seats count in named pools (R10).
    pub counts: bool,
}

/// A seat that an entry wants.
pub(in crate::ledger) struct RequestedSeat<'a> {
    pub pool: &'a PoolId,
    pub access: Access,
    /// True if the entry names organizations; otherwise a seat that the user holds stays unchanged.
    pub widens: bool,
}

/// Highest number of seats that one entry gives up in one sync; the next sync continues.
const MAX_SEATS_RELEASED: usize = 256;

impl SyncPlan {
    /// True if a user who is new, or blocked for another reason, would be blocked because no seat is free.
    pub fn blocks_for_want(&self) -> bool {
        let waits = Some(BlockCause::LicenseLimit);
        self.blocked == waits && self.was != waits
    }

    pub fn moves_seats(&self) -> bool {
        !self.seats.is_empty() || !self.given_up.is_empty()
    }
}

impl Tenant {
    /// Resolves the organizations of each seat, which usually are the same for all.
    pub fn wanted<'a>(&self, seats: &'a [WantedSeat], ctx: &mut Context) -> Done<Vec<RequestedSeat<'a>>> {
        let mut wanted: Vec<RequestedSeat> = Vec::with_capacity(seats.len());
        for (at, WantedSeat { pool, organizations }) in seats.iter().enumerate() {
            let same = at.checked_sub(1).filter(|before| seats[*before].organizations == *organizations);
            let access = match same {
                Some(before) => wanted[before].access.clone(),
                None => self.organization_numbers(organizations, ctx)?,
            };
            wanted.push(RequestedSeat { pool, access, widens: !organizations.is_empty() });
        }
        Ok(wanted)
    }

    pub fn plan_entry(
        &self,
        entry: &SyncEntry,
        wanted: &[RequestedSeat],
        what_if: Option<&WhatIf>,
        ctx: &mut Context,
    ) -> Done<SyncPlan> {
        let named: usize = wanted.iter().map(|seat| seat.access.len()).sum();
        ctx.budget.spend_each(wanted.len(), 10 * Budget::READ);
        ctx.budget.spend_each(named, 20);
        let known = self.users.find(&entry.user);
        let user = known.map(|no| self.users.get(no));
        // Each seat of the user is read, and its pool is named, a few times.
        ctx.budget.spend_each(user.map_or(0, |user| user.seats.len()), 5 * Budget::READ);
        let change = match user {
            Some(user) => patched(user, &entry.patch)?,
            None => Some((entry.patch.clone().into_profile(), entry.patch.administrator == Some(true), String::new())),
        };
        let fresh = wanted.iter().filter(|seat| self.pools.find(seat.pool).is_none()).count();
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
            && entry.blocked != Some(true)
            && counts
            && !user.counts_in_named(&self.policy)
        {
            self.guard_room(user, what_if, ctx)?;
        }
        if let Some(user) = user.filter(|user| user.administrator && !administrator) {
            self.guard_sessions(user, what_if, ctx)?;
        }
        let was = user.and_then(|user| user.blocked);
        let (seats, given_up, denials) = (Vec::new(), Vec::new(), Vec::new());
        let mut plan = SyncPlan { known, change, seats, given_up, denials, was, blocked: was, counts };
        // A user whom an administrator blocked stays blocked and gets no seat (R33), unless a file says otherwise.
        if was != Some(BlockCause::Administrator) || entry.blocked == Some(false) {
            self.plan_seats(entry, wanted, &mut plan, what_if, ctx);
            plan.given_up = self.unwanted(entry, &plan, what_if, ctx);
            plan.blocked = self.plan_block(entry, &plan, what_if, ctx);
        }
        if named > 0 {
            let wanted = wanted.iter().map(|seat| (self.pools.find(seat.pool), &seat.access));
            self.guard_named(known, &Vec::from_iter(wanted), ctx)?;
        }
        Ok(plan)
    }

    fn plan_seats(
        &self,
        entry: &SyncEntry,
        wanted: &[RequestedSeat],
        plan: &mut SyncPlan,
        what_if: Option<&WhatIf>,
        ctx: &Context,
    ) {
        let user = plan.known.map(|no| self.users.get(no));
        let is_active = plan.known.is_some() && plan.was.is_none();
        let to_be_blocked = entry.blocked == Some(true);
        // First blocked, first activated: users who wait already are checked for room after all entries. A blocked user
        // counts nowhere (R5).
        let needs_no_room = plan.was == Some(BlockCause::LicenseLimit) || to_be_blocked;
        for RequestedSeat { pool, access, widens } in wanted {
            let held = self.pools.find(pool).and_then(|no| user?.seat(no));
            // A directory without organizations extends nobody's access.
            let wanted = match held {
                None => access.clone(),
                Some(seat) if !widens => seat.access.clone(),
                Some(seat) => union(&seat.access, access),
            };
            let is_more = held.is_none_or(|seat| seat.access != wanted);
            if !is_more && (is_active || to_be_blocked) {
                continue; // Nothing is requested, so nothing can be denied.
            }
            let holds = needs_no_room || (held.is_some() && is_active);
            let denied = self.guard_synced_seat(pool, holds, plan.counts, what_if, ctx).err();
            let stands = denied.is_none() || (denied == Some(DenialReason::SeatsExhausted) && !is_active);
            if stands && is_more {
                plan.seats.push(((*pool).clone(), wanted));
            }
            plan.denials.extend(denied.map(|reason| ((*pool).clone(), reason)));
        }
    }

    fn plan_block(
        &self,
        entry: &SyncEntry,
        plan: &SyncPlan,
        what_if: Option<&WhatIf>,
        ctx: &Context,
    ) -> Option<BlockCause> {
        if entry.blocked == Some(true) {
            return plan.was.or(Some(BlockCause::Administrator));
        }
        match plan.was {
            None if plan.known.is_some() => None,
            Some(BlockCause::LicenseLimit) => Some(BlockCause::LicenseLimit),
            _ => {
                let full = plan.denials.iter().any(|(_, reason)| *reason == DenialReason::SeatsExhausted);
                (full || !self.kept_in_full(plan, what_if, ctx).is_empty()).then_some(BlockCause::LicenseLimit)
            }
        }
    }

    /// Seats to give up, of a user who waits or is back in the directory: their pools are full, and the entry, which
    /// names pools, does not want them (R33).
    fn unwanted(&self, entry: &SyncEntry, plan: &SyncPlan, what_if: Option<&WhatIf>, ctx: &Context) -> Vec<PoolNo> {
        let waits = plan.was == Some(BlockCause::LicenseLimit);
        let is_back = waits || plan.was == Some(BlockCause::Directory);
        if !is_back || entry.blocked == Some(true) || entry.seats.is_empty() || !plan.counts {
            return Vec::new();
        }
        let wanted: BTreeSet<PoolNo> = entry.seats.iter().filter_map(|seat| self.pools.find(&seat.pool)).collect();
        let has_room = |no| if waits { self.has_room_if(no, what_if, ctx) } else { self.is_free(no, what_if, ctx) };
        // A license that is not in force says nothing about room.
        let is_full = |no| !has_room(no) && self.want_of(no, ctx.limit_basis()) == DenialReason::SeatsExhausted;
        let held = plan.known.map_or(&[][..], |no| &self.users.get(no).seats);
        let pools = held.iter().map(|seat| seat.pool).filter(|no| !wanted.contains(no));
        pools.filter(|no| is_full(*no)).take(MAX_SEATS_RELEASED).collect()
    }

    /// Pools of the seats that the user holds and keeps, in which no seat is free for this user.
    pub fn kept_in_full(&self, plan: &SyncPlan, what_if: Option<&WhatIf>, ctx: &Context) -> Vec<PoolNo> {
        let held = plan.known.filter(|_| plan.counts).map_or(&[][..], |no| &self.users.get(no).seats);
        let given_up: BTreeSet<PoolNo> = plan.given_up.iter().copied().collect();
        let kept = held.iter().map(|seat| seat.pool).filter(|pool| !given_up.contains(pool));
        kept.filter(|pool| !self.is_free(*pool, what_if, ctx)).collect()
    }

    /// The guards of a grant. Where other users wait for a seat of the pool, a free one is not for this user.
    fn guard_synced_seat(
        &self,
        pool: &PoolId,
        holds: bool,
        counts: bool,
        what_if: Option<&WhatIf>,
        ctx: &Context,
    ) -> Result<(), DenialReason> {
        self.guard_pool(pool, ctx)?;
        let Some(no) = self.pools.find(pool) else { return Ok(()) };
        if holds || !counts || self.is_free(no, what_if, ctx) { Ok(()) } else { Err(DenialReason::SeatsExhausted) }
    }

    /// True if a seat is free for a user who does not wait yet; always true in a concurrent pool, where a seat is a
    /// permission.
    fn is_free(&self, no: PoolNo, what_if: Option<&WhatIf>, ctx: &Context) -> bool {
        let pool = self.pools.get(no);
        let others = what_if.map_or(pool.waiting, |what_if| what_if.waiting(&pool.id, pool.waiting));
        let (plan, _) = self.entitled(no, ctx.limit_basis());
        plan == Plan::Concurrent || (others == 0 && self.has_room_if(no, what_if, ctx))
    }

    /// Named pools in which a blocked user needs a free seat.
    pub fn named_pools(&self, plan: &SyncPlan, ctx: &Context) -> Vec<PoolId> {
        let mut pools = self.planned_pools(plan, true);
        pools.retain(|id| {
            let named = |no| self.entitled(no, ctx.limit_basis()).0 == Plan::Named;
            plan.counts && self.pools.find(id).is_some_and(named)
        });
        pools
    }

    /// Pools in which the user has a seat, before or after the sync.
    pub fn planned_pools(&self, plan: &SyncPlan, after: bool) -> Vec<PoolId> {
        let held = plan.known.map_or(&[][..], |no| &self.users.get(no).seats);
        let given_up: BTreeSet<PoolNo> = plan.given_up.iter().copied().filter(|_| after).collect();
        let held = held.iter().filter(|seat| !given_up.contains(&seat.pool));
        let held = held.map(|seat| &self.pools.get(seat.pool).id);
        let given = plan.seats.iter().map(|(pool, _)| pool).filter(|_| after);
        let mut pools: Vec<PoolId> = held.chain(given).cloned().collect();
        pools.sort_unstable();
        pools.dedup();
        pools
    }
}
