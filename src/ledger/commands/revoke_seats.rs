//! RevokeSeat and BatchRevokeSeats. They act at once for new logins; live sessions stay unless the caller ends them,
//! too (R6). A seat that is left with no organization is revoked (R7).

use super::grant_seats::{ORGANIZATION_COST, named_in_answers, pair};
use super::stepped_command::{SteppedCommand, Steps, each};
use crate::ids::{OrganizationNo, PoolId, PoolNo, TenantId, UserId, UserNo};
use crate::ledger::model::change::{Access, Action};
use crate::ledger::model::command::RevokeSeats;
use crate::ledger::model::outcome::{Done, Refusal, Revoked, SessionEndReason};
use crate::ledger::state::budget::Budget;
use crate::ledger::state::context::Context;
use crate::ledger::state::session::Session;
use crate::ledger::state::tenant::Tenant;

/// A RevokeSeats command in progress.
#[derive(Debug)]
pub(in crate::ledger) struct Revocations {
    command: RevokeSeats,
    answers: Vec<Done<Revoked>>,
    /// The seat of the current pair is revoked, and its sessions are still to be ended.
    ending: Option<Taken>,
}

/// User, pool, and a flag: something was revoked.
type Taken = (UserNo, PoolNo, bool);

impl SteppedCommand for RevokeSeats {
    type Steps = Revocations;

    fn users(&mut self) -> Vec<&mut UserId> {
        self.users.iter_mut().collect()
    }

    fn begin(self) -> Revocations {
        Revocations { command: self, answers: Vec::new(), ending: None }
    }
}

impl Steps for Revocations {
    type Answer = Vec<Done<Revoked>>;

    fn next_step(&mut self, tenant: &mut Tenant, ctx: &mut Context) -> Option<Self::Answer> {
        let Self { command: RevokeSeats { pools, users, organizations, end_sessions }, answers, ending } = self;
        let what = tenant.organization_numbers(organizations, ctx);
        let named = named_in_answers(pools, users);
        let first = answers.len();
        while answers.len() < pools.len() * users.len() {
            if ctx.budget.is_spent() && answers.len() > first {
                return None;
            }
            ctx.budget.spend(Budget::READ);
            let (pool, user) = pair(pools, users, answers.len());
            let revoked = match (ending.take(), &what) {
                (Some(revoked), _) => Ok(revoked),
                (None, Ok(what)) => tenant.revoke(pool, user, what, ctx),
                (None, Err(refusal)) => Err(refusal.clone()),
            };
            if let (Ok(taken @ (user, pool, _)), Ok(what), true) = (&revoked, &what, *end_sessions)
                && !tenant.end_sessions_of(
                    *user,
                    |session| is_meant(session, *pool, what),
                    SessionEndReason::Closed,
                    ctx,
                )
            {
                *ending = Some(*taken);
                return None;
            }
            answers.push(revoked.map(|(user, pool, revoked_now)| {
                let basis = ctx.limit_basis();
                let seat = tenant.users.at(user).and_then(|_| tenant.seat_view(user, pool, named, basis));
                ctx.budget.spend_each(seat.as_ref().map_or(0, |seat| seat.organization_count), ORGANIZATION_COST);
                Revoked { seat, revoked_now, usage: tenant.usage(pool, basis) }
            }));
        }
        Some(std::mem::take(answers))
    }

    fn next_step_without_tenant(&mut self, id: &TenantId, ctx: &mut Context) -> Option<Self::Answer> {
        let Self { command, answers, .. } = self;
        let gone = |_, _: &mut Context| Err(Refusal::not_found("tenant", id));
        let through = each(command.pools.len() * command.users.len(), answers, ctx, gone);
        through.then(|| std::mem::take(answers))
    }
}

impl Tenant {
    fn revoke(&mut self, pool: &PoolId, user: &UserId, what: &Access, ctx: &mut Context) -> Done<Taken> {
        let no = self.users.find(user).ok_or_else(|| Refusal::not_found("user", user))?;
        let pool = self.pools.find(pool).ok_or_else(|| Refusal::not_found("pool", pool))?;
        let held = self.users.get(no).seat(pool).map(|seat| (seat.access.clone(), seat.order));
        let mut taken = false;
        if let Some((held, order)) = held {
            ctx.budget.spend_each(held.len() + what.len() + self.organizations.len(), 20);
            let left = self.without(&held, what);
            if let (Access::All, Some(others)) = (&held, &left) {
                self.guard_named(Some(no), &[(None, others)], ctx)?;
            }
            taken = left.as_ref() != Some(&held);
            if taken {
                self.write_revocation(no, pool, what, ctx);
                match left {
                    Some(access) => self.put_seat(no, pool, access, order, ctx),
                    None => self.drop_seat(no, pool, ctx),
                }
            }
        }
        Ok((no, pool, taken))
    }

    pub fn write_revocation(&self, user: UserNo, pool: PoolNo, what: &Access, ctx: &mut Context) {
        let about = self.about(Action::SeatRevoked).user(&self.users.get(user).id).pool(&self.pools.get(pool).id);
        ctx.log(about.detail(self.describe(what)));
    }

    /// The access that is left; `None`: none. Taking one organization from "all" leaves the others.
    pub fn without(&self, held: &Access, what: &Access) -> Option<Access> {
        let Access::Only(what) = what else { return None };
        let all: Vec<OrganizationNo> = match held {
            Access::All => self.organizations.numbers().collect(),
            Access::Only(held) => held.clone(),
        };
        let left: Vec<OrganizationNo> = all.into_iter().filter(|no| what.binary_search(no).is_err()).collect();
        (!left.is_empty()).then_some(Access::Only(left))
    }
}

/// True if the session's end was requested: it is in the pool and, where organizations are given, in one of them.
fn is_meant(session: &Session, pool: PoolNo, what: &Access) -> bool {
    session.pool == pool
        && match what {
            Access::All => true,
            Access::Only(list) => session.organization.is_some_and(|no| list.binary_search(&no).is_ok()),
        }
}
