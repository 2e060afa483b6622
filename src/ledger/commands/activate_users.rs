//! ActivateUsers, the last part of a sync: users who wait for a seat and are still listed are unblocked, first blocked
//! first, as far as seats are free (R33).

use super::stepped_command::{SteppedCommand, Steps, each};
use crate::ids::{PoolId, PoolNo, TenantId, UserId};
use crate::ledger::model::change::{Action, BlockCause};
use crate::ledger::model::command::{ActivateUsers, ActivatedUsers, Waiting, WhatIf};
use crate::ledger::model::notification::Cause;
use crate::ledger::model::outcome::{DenialReason, Done, Refusal};
use crate::ledger::state::budget::Budget;
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

/// An ActivateUsers command in progress.
#[derive(Debug)]
pub(in crate::ledger) struct Activating {
    command: ActivateUsers,
    full: Vec<Vec<(PoolId, DenialReason)>>,
}

impl SteppedCommand for ActivateUsers {
    type Steps = Activating;

    fn users(&mut self) -> Vec<&mut UserId> {
        self.waiting.iter_mut().map(|waiting| &mut waiting.user).collect()
    }

    fn is_question(&self) -> bool {
        self.what_if.is_some()
    }

    fn begin(self) -> Activating {
        Activating { command: self, full: Vec::new() }
    }
}

impl Steps for Activating {
    type Answer = Done<ActivatedUsers>;

    fn next_step(&mut self, tenant: &mut Tenant, ctx: &mut Context) -> Option<Self::Answer> {
        let Self { command: ActivateUsers { waiting, what_if }, full } = self;
        let through = each(waiting.len(), full, ctx, |at, ctx| match what_if {
            Some(what_if) => tenant.would_activate(&waiting[at], what_if, ctx),
            None => tenant.activate(&waiting[at], ctx),
        });
        through.then(|| {
            let full = std::mem::take(&mut self.full);
            Ok(ActivatedUsers { full, what_if: self.command.what_if.take() })
        })
    }

    fn next_step_without_tenant(&mut self, id: &TenantId, _: &mut Context) -> Option<Self::Answer> {
        Some(Err(Refusal::not_found("tenant", id)))
    }
}

impl Tenant {
    /// Unblocks a waiting user if seats are free. Returns the full pools, with reasons; empty: the user is active.
    fn activate(&mut self, waiting: &Waiting, ctx: &mut Context) -> Vec<(PoolId, DenialReason)> {
        // Since the sync looked at the entry, the user may have been deleted, or blocked by an administrator.
        let Some(no) = self.users.find(&waiting.user) else { return Vec::new() };
        if self.users.get(no).blocked != Some(BlockCause::LicenseLimit) {
            return Vec::new();
        }
        ctx.budget.spend_each(self.users.get(no).seats.len(), 2 * Budget::READ);
        let full: Vec<(PoolNo, DenialReason)> = self.full_pools(self.users.get(no), ctx.limit_basis()).collect();
        if full.is_empty() {
            self.unblock(no, "by a sync", ctx);
        }
        for (no, reason) in &full {
            let pool = &self.pools.get(*no).id;
            ctx.log_denial(self.about(Action::UserUnblocked).denied(*reason).user(&waiting.user).pool(pool));
            self.notify_denied(Some(*no), *reason, Cause::Sync, &waiting.user, ctx);
        }
        full.into_iter().map(|(pool, reason)| (self.pools.get(pool).id.clone(), reason)).collect()
    }

    fn would_activate(
        &self,
        waiting: &Waiting,
        what_if: &mut WhatIf,
        ctx: &mut Context,
    ) -> Vec<(PoolId, DenialReason)> {
        ctx.budget.spend_each(waiting.pools.len(), 3 * Budget::READ);
        let want = |pool: &PoolId| {
            let no = self.pools.find(pool).filter(|no| !self.has_room_if(*no, Some(what_if), ctx))?;
            Some((pool.clone(), self.want_of(no, ctx.limit_basis())))
        };
        let full: Vec<(PoolId, DenialReason)> = waiting.pools.iter().filter_map(want).collect();
        if full.is_empty() {
            what_if.shift(&waiting.pools, 1);
        }
        full
    }
}
