//! Guards of commands that give seats (R15).

use crate::error_reason::ErrorReason;
use crate::ids::{OrganizationId, OrganizationNo, PoolId, PoolNo, UserNo};
use crate::ledger::model::change::{Access, TenantState};
use crate::ledger::model::outcome::{DenialReason, Done, Refusal};
use crate::ledger::state::budget::Budget;
use crate::ledger::state::context::Context;
use crate::ledger::state::entitlement;
use crate::ledger::state::pool::MAX_POOLS;
use crate::ledger::state::tenant::Tenant;

/// Highest number of organizations that all seats of one user may name together.
pub(in crate::ledger) const MAX_NAMED: usize = 10_000;

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
        if self.state == TenantState::Suspended {
            return Err(DenialReason::TenantSuspended);
        }
        entitlement::admit(&self.licenses, self.pools.find(pool), ctx.license_time, ctx.now.wall)
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

pub(in crate::ledger) fn too_many_organizations() -> Refusal {
    Refusal::Precondition {
        reason: ErrorReason::TooManyOrganizations,
        subject: "organization_ids".into(),
        text: format!("the seats of a user name at most {MAX_NAMED} organizations in all: give access to all of them"),
    }
}
