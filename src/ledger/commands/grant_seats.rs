//! GrantSeat and BatchGrantSeats: grant a named seat, or the permission to sign in to a concurrent pool. A grant only
//! adds: granting some organizations to a seat for all of the tenant leaves the seat unchanged (R7).

use super::seat_guards::too_many_pools;
use super::stepped_command::{SteppedCommand, Steps, each};
use crate::ids::{PoolId, TenantId, UserId, UserNo};
use crate::ledger::model::change::{Access, Action, Profile};
use crate::ledger::model::command::GrantSeats;
use crate::ledger::model::notification::Cause;
use crate::ledger::model::outcome::{Denial, DenialReason, Done, Granted, SeatView};
use crate::ledger::state::audit_draft::AuditDraft;
use crate::ledger::state::context::Context;
use crate::ledger::state::ledger::NO_TENANT;
use crate::ledger::state::tenant::Tenant;

/// Grants in progress.
#[derive(Debug)]
pub(in crate::ledger) struct Grants {
    command: GrantSeats,
    answers: Vec<Done<Granted>>,
}

impl SteppedCommand for GrantSeats {
    type Steps = Grants;

    fn users(&mut self) -> Vec<&mut UserId> {
        self.users.iter_mut().collect()
    }

    fn begin(self) -> Grants {
        Grants { command: self, answers: Vec::new() }
    }
}

impl Steps for Grants {
    type Answer = Vec<Done<Granted>>;

    fn next_step(&mut self, tenant: &mut Tenant, ctx: &mut Context) -> Option<Self::Answer> {
        let Self { command: GrantSeats { pools, users, organizations }, answers } = self;
        let wanted = tenant.organization_numbers(organizations, ctx);
        let named = named_in_answers(pools, users);
        let through = each(pools.len() * users.len(), answers, ctx, |at, ctx| {
            let (pool, user) = pair(pools, users, at);
            tenant.grant(pool, user, wanted.as_ref().map_err(Clone::clone)?, named, ctx)
        });
        through.then(|| std::mem::take(answers))
    }

    fn next_step_without_tenant(&mut self, id: &TenantId, ctx: &mut Context) -> Option<Self::Answer> {
        let Self { command: GrantSeats { pools, users, .. }, answers } = self;
        let through = each(pools.len() * users.len(), answers, ctx, |at, ctx| {
            let (pool, user) = pair(pools, users, at);
            let denial = Denial::because(DenialReason::TenantNotFound);
            let about = AuditDraft::new(NO_TENANT, Action::SeatGranted).denied(denial.reason).user(user).pool(pool);
            ctx.log_denial(about.detail(id.as_str()));
            Ok(Granted { decision: Err(denial), usage: None })
        });
        through.then(|| std::mem::take(answers))
    }
}

/// Number of organizations that each answer names: all of them if there is only one answer.
pub(in crate::ledger) fn named_in_answers(pools: &[PoolId], users: &[UserId]) -> usize {
    if pools.len() * users.len() == 1 { usize::MAX } else { SeatView::MAX_NAMED }
}

/// The pair of an index, ordered by pool, then by user.
pub(in crate::ledger) fn pair<'a>(pools: &'a [PoolId], users: &'a [UserId], at: usize) -> (&'a PoolId, &'a UserId) {
    (&pools[at / users.len()], &users[at % users.len()])
}

impl Tenant {
    fn grant(
        &mut self,
        pool: &PoolId,
        user: &UserId,
        wanted: &Access,
        named: usize,
        ctx: &mut Context,
    ) -> Done<Granted> {
        let known = self.users.find(user);
        let decision = self.guard_grant(pool, known, ctx);
        let Err(reason) = decision else {
            self.guard_named(known, &[(self.pools.find(pool), wanted)], ctx)?;
            return self.give(pool, user, known, wanted, named, ctx);
        };
        ctx.log_denial(self.about(Action::SeatGranted).denied(reason).user(user).pool(pool));
        self.notify_denied(self.pools.find(pool), reason, Cause::Grant, user, ctx);
        let usage = self.pools.find(pool).map(|pool| self.usage(pool, ctx.limit_basis()));
        Ok(Granted { decision: Err(Denial::because(reason)), usage })
    }

    fn give(
        &mut self,
        pool: &PoolId,
        user: &UserId,
        known: Option<UserNo>,
        wanted: &Access,
        named: usize,
        ctx: &mut Context,
    ) -> Done<Granted> {
        let pool = self.pool_or_new(pool, ctx).ok_or_else(too_many_pools)?;
        let no = known.unwrap_or_else(|| self.create(user, false, Profile::default(), "created by a grant", ctx));
        self.give_access(no, pool, wanted, ctx);
        ctx.budget.spend_each(self.users.get(no).seat(pool).map_or(0, |seat| seat.access.len()), ORGANIZATION_COST);
        let seat = self.seat_view(no, pool, named, ctx.limit_basis()).expect("the seat just given");
        Ok(Granted { decision: Ok(seat), usage: Some(self.usage(pool, ctx.limit_basis())) })
    }
}

/// Work of showing one organization of a seat in an answer, sorted.
pub(in crate::ledger) const ORGANIZATION_COST: u32 = 60;
