//! RevokeSeat and BatchRevokeSeats. Acts at once for new logins; live sessions stay unless asked (R6). A seat
//! that is left with no organization is taken whole: a seat nobody can use is not held.

use super::change::{Access, Action};
use super::command::{Outcome, RevokeSeats};
use super::execution::{Steps, each};
use super::grant_seats::{describe, pair};
use super::outcome::{Done, Refusal, Revoked, SessionEndReason};
use super::step::Step;
use super::tenant::Tenant;
use crate::ids::{OrganizationNo, PoolId, PoolNo, TenantId, UserId, UserNo};

/// Revocations under way.
#[derive(Debug)]
pub(super) struct Revocations {
    ask: RevokeSeats,
    answers: Vec<Done<Revoked>>,
}

impl Revocations {
    pub fn new(ask: RevokeSeats) -> Self {
        Self { ask, answers: Vec::new() }
    }

    fn answer(&mut self, through: bool) -> Option<Outcome> {
        through.then(|| Outcome::RevokeSeats(std::mem::take(&mut self.answers)))
    }
}

impl Steps for Revocations {
    fn go_on(&mut self, tenant: &mut Tenant, step: &mut Step) -> Option<Outcome> {
        tenant.settle(step.now.tick);
        let Self { ask: RevokeSeats { pools, users, organizations, end_sessions }, answers } = self;
        let what = tenant.organization_numbers(organizations, step);
        let through = each(pools.len() * users.len(), answers, step, |at, step| {
            let (pool, user) = pair(pools, users, at);
            tenant.revoke(pool, user, what.as_ref().map_err(Clone::clone)?, *end_sessions, step)
        });
        self.answer(through)
    }

    fn go_on_nowhere(&mut self, tenant: &TenantId, step: &mut Step) -> Option<Outcome> {
        let Self { ask, answers } = self;
        let gone = |_, _: &mut Step| Err(Refusal::not_found("tenant", tenant));
        let through = each(ask.pools.len() * ask.users.len(), answers, step, gone);
        self.answer(through)
    }
}

impl Tenant {
    fn revoke(
        &mut self,
        pool: &PoolId,
        user: &UserId,
        what: &Access,
        end_sessions: bool,
        step: &mut Step,
    ) -> Done<Revoked> {
        let no = self.users.find(user).ok_or_else(|| Refusal::not_found("user", user))?;
        let pool = self.pools.find(pool).ok_or_else(|| Refusal::not_found("pool", pool))?;
        let held = self.users.get(no).seat(pool).map(|seat| (seat.access.clone(), seat.order));
        if let Some((held, order)) = held {
            let left = self.without(&held, what);
            if left.as_ref() != Some(&held) {
                self.write_revocation(no, pool, what, step);
                match left {
                    Some(access) => self.put_seat(no, pool, access, order, step),
                    None => self.drop_seat(no, pool, step),
                }
            }
        }
        if end_sessions {
            self.end_sessions_in(no, pool, what, step);
        }
        let sight = step.sight();
        Ok(Revoked { seat: self.seat_view(no, pool, sight), usage: self.usage(pool, sight) })
    }

    fn write_revocation(&self, user: UserNo, pool: PoolNo, what: &Access, step: &mut Step) {
        let names = super::outcome::access_ids(what, |no| self.organizations.id(no));
        let about = self.about(Action::SeatRevoked).user(&self.users.get(user).id).pool(&self.pools.get(pool).id);
        step.log(about.detail(describe(names)));
    }

    /// What is left of an access; `None`: nothing. Taking one organization from "all" leaves the others.
    pub fn without(&self, held: &Access, what: &Access) -> Option<Access> {
        let Access::Only(what) = what else { return None };
        let all: Vec<OrganizationNo> = match held {
            Access::All => self.organizations.numbers().collect(),
            Access::Only(held) => held.clone(),
        };
        let left: Vec<OrganizationNo> = all.into_iter().filter(|no| !what.contains(no)).collect();
        (!left.is_empty()).then_some(Access::Only(left))
    }

    fn end_sessions_in(&mut self, user: UserNo, pool: PoolNo, what: &Access, step: &mut Step) {
        for slot in self.live_of(self.users.get(user)) {
            let session = self.sessions.get(slot);
            let meant = match what {
                Access::All => true,
                Access::Only(list) => session.organization.is_some_and(|no| list.contains(&no)),
            };
            if session.pool == pool && meant {
                self.end(slot, SessionEndReason::Closed, step);
            }
        }
    }

    /// Ends every live session of a user, each for the same reason.
    pub fn end_all_of(&mut self, user: UserNo, reason: SessionEndReason, step: &mut Step) {
        for slot in self.live_of(self.users.get(user)) {
            self.end(slot, reason, step);
        }
    }
}
