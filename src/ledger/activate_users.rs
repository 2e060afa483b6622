//! The last part of a sync: who waits for a seat and is still listed is unblocked, first blocked first, as far as seats
//! are free (R33); and who is not listed any more is blocked.

use super::change::{Action, BlockCause};
use super::command::{ActivateUsers, ActivatedUsers, BlockUnlisted, BlockedUsers, Waiting, WhatIf};
use super::notification::Cause;
use super::outcome::{DenialReason, Done};
use super::step::Step;
use super::tenant::Tenant;
use crate::ids::{PoolId, PoolNo, UserId};

impl Tenant {
    pub fn activate_users(&mut self, ask: ActivateUsers, step: &mut Step) -> Done<ActivatedUsers> {
        self.settle(step.now.tick);
        let mut what_if = ask.what_if;
        let mut full = Vec::with_capacity(ask.waiting.len());
        for waiting in &ask.waiting {
            full.push(match &mut what_if {
                Some(what_if) => self.would_activate(waiting, what_if, step),
                None => self.activate(waiting, step),
            });
        }
        Ok(ActivatedUsers { full, what_if })
    }

    /// The pools that are full; none: the user is active.
    fn activate(&mut self, waiting: &Waiting, step: &mut Step) -> Vec<PoolId> {
        // Deleted, or blocked by an administrator, since the entry was looked at.
        let Some(no) = self.users.find(&waiting.user) else { return Vec::new() };
        if self.users.get(no).blocked != Some(BlockCause::LicenseLimit) {
            return Vec::new();
        }
        let full: Vec<PoolNo> = self.full_pools(self.users.get(no), step.sight()).collect();
        if full.is_empty() {
            self.unblock(no, "by a sync", step);
        }
        for no in &full {
            let (reason, pool) = (DenialReason::SeatsExhausted, &self.pools.get(*no).id);
            step.log_denial(self.about(Action::UserUnblocked).denied(reason).user(&waiting.user).pool(pool));
            self.tell_denied(Some(*no), reason, Cause::Sync, &waiting.user, step);
        }
        full.into_iter().map(|pool| self.pools.get(pool).id.clone()).collect()
    }

    fn would_activate(&self, waiting: &Waiting, what_if: &mut WhatIf, step: &Step) -> Vec<PoolId> {
        let is_full =
            |pool: &&PoolId| self.pools.find(pool).is_some_and(|no| !self.has_room_if(no, Some(what_if), step));
        let full: Vec<PoolId> = waiting.pools.iter().filter(is_full).cloned().collect();
        if full.is_empty() {
            what_if.shift(&waiting.pools, 1);
        }
        full
    }

    pub fn block_unlisted(&mut self, ask: BlockUnlisted, step: &mut Step) -> Done<BlockedUsers> {
        self.settle(step.now.tick);
        let mut what_if = ask.what_if;
        let blocked = ask.users.iter().map(|id| self.block_as_unlisted(id, &mut what_if, step)).collect();
        Ok(BlockedUsers { blocked, what_if })
    }

    fn block_as_unlisted(&mut self, id: &UserId, what_if: &mut Option<WhatIf>, step: &mut Step) -> bool {
        let Some(no) = self.users.find(id) else { return false };
        let user = self.users.get(no);
        if user.blocked.is_some() || user.administrator {
            return false;
        }
        if let Some(what_if) = what_if {
            let pools: Vec<PoolId> = user.seats.iter().map(|seat| self.pools.get(seat.pool).id.clone()).collect();
            what_if.shift(&pools, -1);
            return true;
        }
        self.change_user(no, step, |user| user.blocked = Some(BlockCause::Directory));
        step.log(self.about(Action::UserBlocked).user(id).detail("not in the directory; by a sync"));
        true
    }
}
