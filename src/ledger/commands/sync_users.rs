//! SyncUsers: creates and updates users as a directory has them (R33). [`super::sync_plan`] decides the effects.

use std::collections::BTreeSet;

use super::stepped_command::{SteppedCommand, Steps, each};
use super::sync_plan::SyncPlan;
use crate::ids::{EventNo, PoolNo, TenantId, UserId, UserNo};
use crate::ledger::model::change::{Access, Action, BlockCause};
use crate::ledger::model::command::{SyncEntry, SyncUsers, Synced, SyncedUser, SyncedUsers, Waiting, WhatIf, WhenFull};
use crate::ledger::model::notification::Cause;
use crate::ledger::model::outcome::{DenialReason, Done, Refusal};
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;
use crate::ledger::state::user::User;

/// A SyncUsers command in progress.
#[derive(Debug)]
pub(in crate::ledger) struct Syncing {
    command: SyncUsers,
    answers: Vec<Done<SyncedUser>>,
}

impl SteppedCommand for SyncUsers {
    type Steps = Syncing;

    fn users(&mut self) -> Vec<&mut UserId> {
        self.entries.iter_mut().map(|entry| &mut entry.user).collect()
    }

    fn is_question(&self) -> bool {
        self.what_if.is_some()
    }

    fn begin(self) -> Syncing {
        Syncing { command: self, answers: Vec::new() }
    }
}

impl Steps for Syncing {
    type Answer = Done<SyncedUsers>;

    fn next_step(&mut self, tenant: &mut Tenant, ctx: &mut Context) -> Option<Self::Answer> {
        let Self { command: SyncUsers { entries, when_full, what_if }, answers } = self;
        let turn = |at: usize, ctx: &mut Context| tenant.sync(&entries[at], *when_full, what_if, ctx);
        let through = each(entries.len(), answers, ctx, turn);
        through.then(|| {
            let users = std::mem::take(&mut self.answers);
            Ok(SyncedUsers { users, what_if: self.command.what_if.take() })
        })
    }

    fn next_step_without_tenant(&mut self, id: &TenantId, _: &mut Context) -> Option<Self::Answer> {
        Some(Err(Refusal::not_found("tenant", id)))
    }
}

impl Tenant {
    fn sync(
        &mut self,
        entry: &SyncEntry,
        when_full: WhenFull,
        what_if: &mut Option<WhatIf>,
        ctx: &mut Context,
    ) -> Done<SyncedUser> {
        let wanted = self.wanted(&entry.seats, ctx)?;
        let known = self.users.find(&entry.user);
        if let Some(no) = known.filter(|no| self.users.get(*no).administrator)
            && entry.patch.administrator == Some(false)
            && what_if.is_none()
        {
            self.end_overdue_around(no, ctx);
        }
        let plan = self.plan_entry(entry, &wanted, what_if.as_ref(), ctx)?;
        if when_full == WhenFull::Refuse && plan.blocks_for_want() {
            return Ok(self.refuse(&entry.user, plan, what_if.as_ref(), ctx));
        }
        let outcome = match (plan.known, plan.was, plan.blocked) {
            (None, ..) => Synced::Created,
            (Some(_), Some(_), None) => Synced::Activated,
            (Some(_), was, is) if was != is || plan.change.is_some() || plan.moves_seats() => Synced::Updated,
            _ => Synced::Unchanged,
        };
        let pools = self.named_pools(&plan, ctx);
        let no = match what_if {
            Some(what_if) => {
                self.simulate(&plan, what_if, ctx);
                plan.known
            }
            None => Some(self.apply(&entry.user, &plan, ctx)),
        };
        // A user whom the directory blocks waits for nothing.
        let waits = plan.blocked == Some(BlockCause::LicenseLimit) && entry.blocked != Some(true);
        let since = no.map(|no| self.users.get(no)).and_then(waiting_since).unwrap_or(EventNo(u64::MAX));
        let waiting = waits.then_some(Waiting { user: entry.user.clone(), since, pools });
        Ok(SyncedUser { outcome, blocked: plan.blocked, denials: plan.denials, waiting })
    }

    /// Changes nothing for the entry, and reports the full pools.
    fn refuse(&mut self, id: &UserId, mut plan: SyncPlan, what_if: Option<&WhatIf>, ctx: &mut Context) -> SyncedUser {
        let denied: BTreeSet<PoolNo> = plan.denials.iter().filter_map(|(pool, _)| self.pools.find(pool)).collect();
        let full = self.kept_in_full(&plan, what_if, ctx).into_iter().filter(|pool| !denied.contains(pool));
        plan.denials.extend(full.map(|pool| (self.pools.get(pool).id.clone(), DenialReason::SeatsExhausted)));
        if what_if.is_none() {
            self.log_synced_denials(id, &plan, ctx);
        }
        SyncedUser { outcome: Synced::Refused, blocked: plan.was, denials: plan.denials, waiting: None }
    }

    fn apply(&mut self, id: &UserId, plan: &SyncPlan, ctx: &mut Context) -> UserNo {
        let no = match (plan.known, &plan.change) {
            (Some(no), Some((profile, administrator, what))) => {
                self.change_user(no, ctx, |user| {
                    user.administrator = *administrator;
                    user.profile = (!profile.is_empty()).then(|| Box::new(profile.clone()));
                });
                ctx.log(self.about(Action::UserUpdated).user(id).detail(format!("{what}; by a sync")));
                no
            }
            (Some(no), None) => no,
            (None, change) => {
                let (profile, administrator, _) = change.clone().unwrap_or_default();
                self.create(id, administrator, profile, "by a sync", ctx)
            }
        };
        self.log_synced_denials(id, plan, ctx);
        if plan.was != plan.blocked {
            self.set_blocked(no, plan.blocked, ctx);
        }
        for pool in &plan.given_up {
            self.write_revocation(no, *pool, &Access::All, ctx);
            self.drop_seat(no, *pool, ctx);
        }
        for (pool, access) in &plan.seats {
            let pool = self.pool_or_new(pool, ctx).expect("room for a pool, as `plan_entry` found");
            self.give_access(no, pool, access, ctx);
        }
        no
    }

    fn log_synced_denials(&mut self, id: &UserId, plan: &SyncPlan, ctx: &mut Context) {
        for (pool, reason) in &plan.denials {
            ctx.log_denial(self.about(Action::SeatGranted).denied(*reason).user(id).pool(pool));
            self.notify_denied(self.pools.find(pool), *reason, Cause::Sync, id, ctx);
        }
    }

    /// Blocks or unblocks the user. The seats of a user who is unblocked, or blocked because no seat is free, become
    /// the last granted of their pools (R14, R33).
    fn set_blocked(&mut self, no: UserNo, blocked: Option<BlockCause>, ctx: &mut Context) {
        let (action, detail) = match blocked {
            None => (Action::UserUnblocked, "by a sync"),
            Some(BlockCause::LicenseLimit) => (Action::UserBlocked, "no seat is free; by a sync"),
            Some(_) => (Action::UserBlocked, "by a sync"),
        };
        self.change_user(no, ctx, |user| user.blocked = blocked);
        let order = ctx.log(self.about(action).user(&self.users.get(no).id).detail(detail));
        if blocked != Some(BlockCause::Administrator) {
            self.regrant_seats(no, order, ctx);
        }
    }
}

/// Grant of the user's oldest seat, if the user has one.
fn waiting_since(user: &User) -> Option<EventNo> {
    user.seats.iter().map(|seat| seat.order).min()
}
