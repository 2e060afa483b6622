//! BlockUnlisted: users whom the directory no longer lists are blocked (R33).

use super::stepped_command::{SteppedCommand, Steps, each};
use crate::ids::{PoolId, TenantId, UserId};
use crate::ledger::model::change::{Action, BlockCause};
use crate::ledger::model::command::{BlockUnlisted, BlockedUsers, WhatIf};
use crate::ledger::model::outcome::{Done, Refusal};
use crate::ledger::state::budget::Budget;
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

/// A BlockUnlisted command in progress.
#[derive(Debug)]
pub(in crate::ledger) struct Blocking {
    command: BlockUnlisted,
    blocked: Vec<bool>,
}

impl SteppedCommand for BlockUnlisted {
    type Steps = Blocking;

    fn users(&mut self) -> Vec<&mut UserId> {
        self.users.iter_mut().collect()
    }

    fn is_question(&self) -> bool {
        self.what_if.is_some()
    }

    fn begin(self) -> Blocking {
        Blocking { command: self, blocked: Vec::new() }
    }
}

impl Steps for Blocking {
    type Answer = Done<BlockedUsers>;

    fn next_step(&mut self, tenant: &mut Tenant, ctx: &mut Context) -> Option<Self::Answer> {
        let Self { command: BlockUnlisted { users, what_if }, blocked } = self;
        let turn = |at: usize, ctx: &mut Context| tenant.block_as_unlisted(&users[at], what_if, ctx);
        let through = each(users.len(), blocked, ctx, turn);
        through.then(|| {
            let blocked = std::mem::take(&mut self.blocked);
            Ok(BlockedUsers { blocked, what_if: self.command.what_if.take() })
        })
    }

    fn next_step_without_tenant(&mut self, id: &TenantId, _: &mut Context) -> Option<Self::Answer> {
        Some(Err(Refusal::not_found("tenant", id)))
    }
}

impl Tenant {
    fn block_as_unlisted(&mut self, id: &UserId, what_if: &mut Option<WhatIf>, ctx: &mut Context) -> bool {
        let Some(no) = self.users.find(id) else { return false };
        let user = self.users.get(no);
        if user.blocked.is_some() || user.administrator {
            return false;
        }
        if let Some(what_if) = what_if {
            ctx.budget.spend_each(user.seats.len(), 2 * Budget::READ);
            let pools: Vec<PoolId> = user.seats.iter().map(|seat| self.pools.get(seat.pool).id.clone()).collect();
            what_if.shift(&pools, -1);
            return true;
        }
        self.change_user(no, ctx, |user| user.blocked = Some(BlockCause::Directory));
        ctx.log(self.about(Action::UserBlocked).user(id).detail("not in the directory; by a sync"));
        true
    }
}
