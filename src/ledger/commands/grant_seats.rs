//! GrantSeat and BatchGrantSeats: grant a named seat, or the permission to sign in to a concurrent pool. A grant only
//! adds: granting some organizations to a seat for all of the tenant leaves the seat unchanged (R7).

use super::execution::{Steps, each};
use crate::error_reason::ErrorReason;
use crate::ids::{OrganizationId, OrganizationNo, PoolId, PoolNo, TenantId, UserId, UserNo};
use crate::ledger::model::change::{Access, Action, Profile, UserRow};
use crate::ledger::model::command::{GrantSeats, Outcome};
use crate::ledger::model::notification::Cause;
use crate::ledger::model::outcome::{Denial, DenialReason, Done, Granted, Refusal, SeatView};
use crate::ledger::state::audit_draft::AuditDraft;
use crate::ledger::state::budget::Budget;
use crate::ledger::state::context::Context;
use crate::ledger::state::entitlement;
use crate::ledger::state::ledger::NO_TENANT;
use crate::ledger::state::pool::MAX_POOLS;
use crate::ledger::state::tenant::Tenant;
use crate::ledger::state::user::User;

/// Grants in progress.
#[derive(Debug)]
pub(in crate::ledger) struct Grants {
    command: GrantSeats,
    answers: Vec<Done<Granted>>,
}

impl Grants {
    pub fn new(command: GrantSeats) -> Self {
        Self { command, answers: Vec::new() }
    }

    fn answer(&mut self, through: bool) -> Option<Outcome> {
        through.then(|| Outcome::GrantSeats(std::mem::take(&mut self.answers)))
    }
}

impl Steps for Grants {
    fn next_step(&mut self, tenant: &mut Tenant, ctx: &mut Context) -> Option<Outcome> {
        let Self { command: GrantSeats { pools, users, organizations }, answers } = self;
        let wanted = tenant.organization_numbers(organizations, ctx);
        let named = named_in_answers(pools, users);
        let through = each(pools.len() * users.len(), answers, ctx, |at, ctx| {
            let (pool, user) = pair(pools, users, at);
            tenant.grant(pool, user, wanted.as_ref().map_err(Clone::clone)?, named, ctx)
        });
        self.answer(through)
    }

    fn next_step_without_tenant(&mut self, tenant: &TenantId, ctx: &mut Context) -> Option<Outcome> {
        let Self { command: GrantSeats { pools, users, .. }, answers } = self;
        let through = each(pools.len() * users.len(), answers, ctx, |at, ctx| {
            let (pool, user) = pair(pools, users, at);
            let denial = Denial::because(DenialReason::TenantNotFound);
            let about = AuditDraft::new(NO_TENANT, Action::SeatGranted).denied(denial.reason).user(user).pool(pool);
            ctx.log_denial(about.detail(tenant.as_str()));
            Ok(Granted { decision: Err(denial), usage: None })
        });
        self.answer(through)
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
    /// Resolves organization ids to an access; an empty list is all of the tenant.
    pub fn organization_numbers(&self, ids: &[OrganizationId], ctx: &mut Context) -> Done<Access> {
        ctx.budget.spend_each(ids.len(), Budget::READ);
        if ids.is_empty() {
            return Ok(Access::All);
        }
        let find = |id: &OrganizationId| self.organizations.find(id).ok_or(Refusal::not_found("organization", id));
        let mut numbers = ids.iter().map(find).collect::<Done<Vec<OrganizationNo>>>()?;
        numbers.sort_unstable();
        numbers.dedup();
        Ok(Access::Only(numbers))
    }

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

    /// The guards of a grant: those of CheckOut that concern a seat, in the same order. Every command that gives seats
    /// uses them (R15). A seat that the user already holds needs no free seat.
    pub fn guard_grant(&self, pool: &PoolId, user: Option<UserNo>, ctx: &Context) -> Result<(), DenialReason> {
        self.guard_pool(pool, ctx)?;
        let pool = self.pools.find(pool);
        let user = user.map(|user| self.users.get(user));
        if user.is_some_and(|user| user.blocked.is_some()) {
            return Err(DenialReason::UserBlocked);
        }
        let Some(pool) = pool else { return Ok(()) };
        let holds = user.is_some_and(|user| user.seat(pool).is_some());
        let counts = user.is_none_or(|user| user.counts_in_named(&self.policy));
        if holds || !counts || self.has_seats(pool, 1, ctx.limit_basis()) {
            Ok(())
        } else {
            Err(DenialReason::SeatsExhausted)
        }
    }

    /// The guards that do not depend on the user: tenant, license, pool.
    pub fn guard_pool(&self, pool: &PoolId, ctx: &Context) -> Result<(), DenialReason> {
        if self.state == crate::ledger::model::change::TenantState::Suspended {
            return Err(DenialReason::TenantSuspended);
        }
        entitlement::admit(&self.licenses, self.pools.find(pool), ctx.license_time, ctx.now.wall)
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

    /// Bounds the number of organizations that all seats of a user name together, which are read and shown as a whole.
    pub fn guard_named(
        &self,
        user: Option<UserNo>,
        wanted: &[(Option<PoolNo>, &Access)],
        ctx: &mut Context,
    ) -> Done<()> {
        let user = user.map(|no| self.users.get(no));
        let seats = user.map_or(&[][..], |user| &user.seats);
        let held: usize = seats.iter().map(|seat| seat.access.len()).sum();
        let more: usize = wanted.iter().map(|(_, access)| access.len()).sum();
        ctx.budget.spend_each(seats.len() + 2 * more, 2);
        if held + more <= MAX_NAMED {
            return Ok(());
        }
        let beside = |(pool, access): &(Option<PoolNo>, &Access)| {
            let seat = pool.and_then(|no| user?.seat(no));
            seat.map_or(access.len(), |seat| union(&seat.access, access).len().saturating_sub(seat.access.len()))
        };
        ctx.budget.spend_each(held, 10);
        if held + wanted.iter().map(beside).sum::<usize>() <= MAX_NAMED {
            Ok(())
        } else {
            Err(too_many_organizations())
        }
    }

    /// Gives the user a seat, or adds access to the seat that the user holds.
    pub fn give_access(&mut self, no: UserNo, pool: PoolNo, wanted: &Access, ctx: &mut Context) {
        let user = self.users.get(no);
        let held = user.seat(pool).map(|seat| (seat.access.clone(), seat.order));
        ctx.budget.spend_each(wanted.len() + held.as_ref().map_or(0, |(held, _)| held.len()), 60);
        let access = held.as_ref().map_or(wanted.clone(), |(held, _)| union(held, wanted));
        if held.as_ref().is_none_or(|(held, _)| *held != access) {
            let about = self.about(Action::SeatGranted).user(&user.id).pool(&self.pools.get(pool).id);
            let event = ctx.log(about.detail(self.describe(&access)));
            let order = held.map_or(event, |(_, order)| order);
            self.put_seat(no, pool, access, order, ctx);
        }
    }

    /// Text for the audit: the organizations of an access.
    pub fn describe(&self, access: &Access) -> String {
        let Access::Only(list) = access else { return "all organizations".into() };
        let mut text = String::new();
        for (at, no) in list.iter().enumerate() {
            let Some(row) = self.organizations.get(*no) else { continue };
            if text.len() + row.id.as_str().len() > MAX_DETAIL_BYTES {
                return format!("{text} and {} more", list.len() - at);
            }
            text.push_str(if text.is_empty() { "" } else { ", " });
            text.push_str(row.id.as_str());
        }
        text
    }

    /// Creates a user without seats.
    pub fn create(
        &mut self,
        id: &UserId,
        administrator: bool,
        profile: Profile,
        how: &str,
        ctx: &mut Context,
    ) -> UserNo {
        let row = UserRow {
            tenant: self.no,
            no: self.users.next_no(),
            id: id.clone(),
            administrator,
            blocked: None,
            profile,
            former: Box::default(),
            created: ctx.now.tick,
            version: 1,
        };
        let no = row.no;
        self.add_user(User::new(row), ctx);
        ctx.log(self.about(Action::UserCreated).user(id).detail(how));
        no
    }
}

pub(in crate::ledger) fn too_many_pools() -> Refusal {
    Refusal::Precondition {
        reason: ErrorReason::TooManyPools,
        subject: "pool_id".into(),
        text: format!("a tenant has at most {MAX_POOLS} pools"),
    }
}

pub(in crate::ledger) fn union(held: &Access, more: &Access) -> Access {
    match (held, more) {
        (Access::Only(held), Access::Only(more)) => {
            let mut both = [held.as_slice(), more.as_slice()].concat();
            both.sort_unstable();
            both.dedup();
            Access::Only(both)
        }
        _ => Access::All,
    }
}

/// Work of showing one organization of a seat in an answer, sorted.
pub(in crate::ledger) const ORGANIZATION_COST: u32 = 60;
/// Highest number of organizations that all seats of one user may name together.
pub(in crate::ledger) const MAX_NAMED: usize = 10_000;
/// Longest list of names in an audit event, in bytes; the rest is given as a number.
const MAX_DETAIL_BYTES: usize = 4_000;

pub(in crate::ledger) fn too_many_organizations() -> Refusal {
    Refusal::Precondition {
        reason: ErrorReason::TooManyOrganizations,
        subject: "organization_ids".into(),
        text: format!("the seats of a user name at most {MAX_NAMED} organizations in all: give access to all of them"),
    }
}
