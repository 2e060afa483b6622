//! Commands of an administrator for one user: create, update, block, unblock, delete (R5, R6, R15).

use crate::error_reason::ErrorReason;
use crate::ids::{PoolNo, UserId, UserNo};
use crate::ledger::model::change::{Access, Action, BlockCause, Profile};
use crate::ledger::model::command::{CreateUser, UnblockUser, UpdateUser, UserPatch, WhatIf};
use crate::ledger::model::notification::Cause;
use crate::ledger::model::outcome::{Denial, DenialReason, Done, PoolUsage, Refusal, UserView};
use crate::ledger::state::context::Context;
use crate::ledger::state::entitlement;
use crate::ledger::state::limit_basis::LimitBasis;
use crate::ledger::state::tenant::Tenant;
use crate::ledger::state::user::User;

impl Tenant {
    pub fn create_user(
        &mut self,
        command: CreateUser,
        ctx: &mut Context,
    ) -> Done<(Result<UserView, Denial>, Vec<PoolUsage>)> {
        if self.users.find(&command.user).is_some() {
            return Err(Refusal::exists("user", &command.user));
        }
        let exempt = command.administrator && !self.policy.administrators_count_in_named;
        for pool in &command.pools {
            let reason = match self.guard_grant(pool, None, ctx) {
                Err(DenialReason::SeatsExhausted) if exempt => continue,
                Err(reason) => reason,
                Ok(()) => continue,
            };
            ctx.log_denial(self.about(Action::UserCreated).denied(reason).user(&command.user).pool(pool));
            self.notify_denied(self.pools.find(pool), reason, Cause::Grant, &command.user, ctx);
            return Ok((Err(Denial::because(reason)), self.usages_of(&command.pools, ctx)));
        }
        let fresh = command.pools.iter().filter(|pool| self.pools.find(pool).is_none()).count();
        if self.pools.iter().len() + fresh > crate::ledger::state::pool::MAX_POOLS {
            return Err(super::grant_seats::too_many_pools());
        }
        let mut pools = Vec::new();
        for pool in &command.pools {
            pools.push(self.pool_or_new(pool, ctx).ok_or_else(super::grant_seats::too_many_pools)?);
        }
        let no = self.create(&command.user, command.administrator, command.profile, "", ctx);
        for pool in pools {
            let about = self.about(Action::SeatGranted).user(&command.user).pool(&self.pools.get(pool).id);
            let order = ctx.log(about.detail("all organizations"));
            self.put_seat(no, pool, Access::All, order, ctx);
        }
        Ok((Ok(self.user_view(no, ctx.limit_basis())), self.usages_of(&command.pools, ctx)))
    }

    fn usages_of(&self, pools: &[crate::ids::PoolId], ctx: &Context) -> Vec<PoolUsage> {
        pools.iter().filter_map(|id| self.pools.find(id)).map(|no| self.usage(no, ctx.limit_basis())).collect()
    }

    pub fn update_user(&mut self, command: UpdateUser, ctx: &mut Context) -> Done<UserView> {
        let no = self.known_user(&command.user)?;
        let user = self.users.get(no);
        if command.version.is_some_and(|version| version != user.version) {
            return Err(Refusal::StaleEtag);
        }
        // An administrator whose seats did not count may now need a free seat in each named pool (R15).
        let begins = command.patch.administrator == Some(false) && !user.counts_in_named(&self.policy);
        if begins && user.blocked.is_none() {
            self.guard_room(user, None, ctx)?;
        }
        if command.patch.administrator == Some(false) && user.administrator {
            self.guard_sessions(user, None, ctx)?;
        }
        let changed = patched(user, &command.patch)?;
        if let Some((profile, administrator, what)) = changed {
            self.change_user(no, ctx, |user| {
                user.administrator = administrator;
                user.profile = (!profile.is_empty()).then(|| Box::new(profile));
            });
            ctx.log(self.about(Action::UserUpdated).user(&command.user).detail(what));
        }
        Ok(self.user_view(no, ctx.limit_basis()))
    }

    /// Refuses if a named pool of the user's seats has no seat free.
    pub fn guard_room(&self, user: &User, what_if: Option<&WhatIf>, ctx: &Context) -> Done<()> {
        let mut pools = user.seats.iter().map(|seat| seat.pool);
        match pools.find(|pool| !self.has_room_if(*pool, what_if, ctx)) {
            None => Ok(()),
            Some(pool) => Err(Refusal::Precondition {
                reason: ErrorReason::SeatsExhausted,
                subject: self.pools.get(pool).id.to_string(),
                text: "the user's seat would begin to count, and the pool has none free".into(),
            }),
        }
    }

    /// Named pools of the user's seats without a free seat, with reasons: the user cannot be unblocked for these (R5).
    pub fn full_pools(&self, user: &User, basis: LimitBasis) -> impl Iterator<Item = (PoolNo, DenialReason)> {
        let counts = user.counts_in_named(&self.policy);
        let pools = user.seats.iter().map(|seat| seat.pool);
        let full = pools.filter(move |pool| counts && !self.has_seats(*pool, 1, basis));
        full.map(move |pool| (pool, self.want_of(pool, basis)))
    }

    /// Reason why a named pool has no seat free: if its license is not in force, that says more than `SeatsExhausted`.
    pub fn want_of(&self, pool: PoolNo, basis: LimitBasis) -> DenialReason {
        let admitted = entitlement::admit(&self.licenses, Some(pool), basis.license_time, basis.now.wall);
        admitted.err().unwrap_or(DenialReason::SeatsExhausted)
    }

    pub fn block_user(&mut self, no: UserNo, ctx: &mut Context) {
        // Also a user blocked because no seat was free: from now on only an administrator unblocks the user (R33).
        if self.users.get(no).blocked != Some(BlockCause::Administrator) {
            self.change_user(no, ctx, |user| user.blocked = Some(BlockCause::Administrator));
            ctx.log(self.about(Action::UserBlocked).user(&self.users.get(no).id));
        }
    }

    /// Returns the user and the usage of each pool in which the user has a seat, sorted by id.
    pub fn unblock_user(
        &mut self,
        command: &UnblockUser,
        ctx: &mut Context,
    ) -> Done<(Result<UserView, Denial>, Vec<PoolUsage>)> {
        let no = self.known_user(&command.user)?;
        let decision = self.try_unblock(no, command, ctx);
        let basis = ctx.limit_basis();
        let seats = &self.users.get(no).seats;
        let mut usage: Vec<PoolUsage> = seats.iter().map(|seat| self.usage(seat.pool, basis)).collect();
        usage.sort_unstable_by(|a, b| a.pool.cmp(&b.pool));
        Ok((decision, usage))
    }

    fn try_unblock(&mut self, no: UserNo, command: &UnblockUser, ctx: &mut Context) -> Result<UserView, Denial> {
        let user = self.users.get(no);
        if user.blocked.is_none() {
            return Ok(self.user_view(no, ctx.limit_basis()));
        }
        let full: Vec<(PoolNo, DenialReason)> = self.full_pools(user, ctx.limit_basis()).collect();
        if let Some((pool, reason)) = full.first().copied() {
            let about = self.about(Action::UserUnblocked).denied(reason).user(&command.user);
            ctx.log_denial(about.pool(&self.pools.get(pool).id));
            // The audit event names only the first full pool; people are notified of each.
            for (pool, reason) in full {
                self.notify_denied(Some(pool), reason, Cause::Grant, &command.user, ctx);
            }
            return Err(Denial::because(reason));
        }
        self.unblock(no, "", ctx);
        Ok(self.user_view(no, ctx.limit_basis()))
    }

    /// Unblocks a user whose pools have a free seat.
    pub fn unblock(&mut self, no: UserNo, how: &str, ctx: &mut Context) {
        self.change_user(no, ctx, |user| user.blocked = None);
        let order = ctx.log(self.about(Action::UserUnblocked).user(&self.users.get(no).id).detail(how));
        self.regrant_seats(no, order, ctx);
    }

    /// Deletes a user who has no live session.
    pub fn delete_user(&mut self, no: UserNo, ctx: &mut Context) {
        self.forget_sessions(no, ctx);
        while let Some(pool) = self.users.get(no).seats.first().map(|seat| seat.pool) {
            self.drop_seat(no, pool, ctx);
        }
        let id = self.users.get(no).id.clone();
        self.remove_user(no, ctx);
        ctx.log(self.about(Action::UserDeleted).user(&id));
    }

    /// Deletes the rows of a user's ended sessions. Their reasons stay in memory, for late heartbeats.
    fn forget_sessions(&mut self, user: UserNo, ctx: &mut Context) {
        let slots = std::mem::take(&mut self.users.get_mut(user).slots);
        for slot in slots {
            let Some(session) = self.sessions.remove(slot) else { continue };
            if let Some((at, reason)) = session.ended() {
                ctx.ended_sessions.add(session.id, self.id.clone(), reason, at);
            }
            ctx.put(crate::ledger::model::change::Change::DeleteSession(self.no, user, session.no));
        }
    }
}

/// New profile and role of the user, and the names of the fields that change; `None`: no change.
///
/// # Errors
/// The user would have more than [`UserPatch::MAX_ATTRIBUTES`].
pub(in crate::ledger) fn patched(user: &User, patch: &UserPatch) -> Done<Option<(Profile, bool, String)>> {
    let mut profile = user.profile.as_deref().cloned().unwrap_or_default();
    let mut administrator = user.administrator;
    let mut what = Vec::new();
    set(&mut administrator, patch.administrator, "administrator", &mut what);
    set(&mut profile.given_name, patch.given_name.clone(), "given_name", &mut what);
    set(&mut profile.family_name, patch.family_name.clone(), "family_name", &mut what);
    set(&mut profile.groups, patch.groups.clone(), "groups", &mut what);
    let attributes = patch.attributes_after(&profile.attributes);
    set(&mut profile.attributes, attributes, "attributes", &mut what);
    if profile.attributes.len() > UserPatch::MAX_ATTRIBUTES {
        return Err(Refusal::Invalid { field: "user.attributes", text: "must be at most 50 in all" });
    }
    Ok((!what.is_empty()).then(|| (profile, administrator, what.join(", "))))
}

/// Sets a field if a new value is given, and adds its name to `what`.
pub(in crate::ledger) fn set<T: PartialEq>(
    field: &mut T,
    value: Option<T>,
    name: &'static str,
    what: &mut Vec<&'static str>,
) {
    if let Some(value) = value
        && *field != value
    {
        *field = value;
        what.push(name);
    }
}
