//! A change of the administrator role holds for live sessions, too (R11). Otherwise a session that started as exempt
//! would stay so until its end, and the limit would hold only for others (R13).

use std::collections::BTreeMap;

use super::overdue::MAX_OVERDUE;
use crate::error_reason::ErrorReason;
use crate::ids::{PoolNo, UserNo};
use crate::ledger::model::change::Plan;
use crate::ledger::model::command::WhatIf;
use crate::ledger::model::outcome::{Done, Refusal};
use crate::ledger::model::time::Tick;
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;
use crate::ledger::state::user::User;

impl Tenant {
    /// Refuses if sessions of the user, who is to lose the administrator role, would begin to count in a concurrent
    /// pool without a free seat.
    pub fn guard_sessions(&self, user: &User, what_if: Option<&WhatIf>, ctx: &mut Context) -> Done<()> {
        ctx.budget.spend_each(user.slots.len(), 20);
        for no in self.pools_with_sessions(user, false, ctx.now.tick) {
            let (plan, limit) = self.entitled(no, ctx.limit_basis());
            let pool = self.pools.get(no);
            let in_use = match what_if {
                None => self.in_use(no, plan),
                // A question ends nothing (R20): overdue sessions count as ended.
                Some(what_if) => {
                    let mut gone = self.scan_due(no, ctx.now.tick, MAX_OVERDUE, ctx.budget).due;
                    gone.sort_unstable();
                    what_if.lives(&pool.id, self.in_use(no, plan) - self.freed(no, &gone))
                }
            };
            if plan == Plan::Concurrent && !limit.has_room(in_use) {
                return Err(Refusal::Precondition {
                    reason: ErrorReason::SeatsExhausted,
                    subject: pool.id.to_string(),
                    text: "the user's live session would begin to count, and the pool has no seat free".into(),
                });
            }
        }
        Ok(())
    }

    /// Pools in which the user has sessions that are not overdue, and counts, or does not count, as `counts` says.
    pub fn pools_with_sessions(&self, user: &User, counts: bool, now: Tick) -> Vec<PoolNo> {
        let mut pools = BTreeMap::<_, bool>::new();
        for session in user.slots.iter().map(|slot| self.sessions.get(*slot)) {
            if session.is_live() && session.deadline(&self.policy).0 > now {
                *pools.entry(session.pool).or_default() |= !session.exempt;
            }
        }
        pools.into_iter().filter(|(_, counted)| *counted == counts).map(|(pool, _)| pool).collect()
    }

    /// Ends overdue sessions in the pools where an administrator's sessions are to begin to count (R18), as far as the
    /// budget allows. Returns false if more are left and a pool is full, so that this step cannot decide.
    pub fn end_overdue_around(&mut self, user: UserNo, ctx: &mut Context) -> bool {
        self.end_overdue_of(user, ctx);
        let mut ready = true;
        for pool in self.pools_with_sessions(self.users.get(user), false, ctx.now.tick) {
            let all = self.end_overdue(pool, ctx);
            let (plan, limit) = self.entitled(pool, ctx.limit_basis());
            ready &= all || plan == Plan::Named || limit.has_room(self.in_use(pool, plan));
        }
        ready
    }
}
