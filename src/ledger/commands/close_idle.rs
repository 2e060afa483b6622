//! CloseIdleSessions: ends the sessions of Idle users, and no others (R26).

use std::ops::Bound;

use super::stepped_command::{SteppedCommand, Steps};
use crate::ids::{PoolNo, TenantId, UserId, UserNo};
use crate::ledger::model::command::CloseIdle;
use crate::ledger::model::outcome::{Done, IdleClosed, Refusal, SessionEndReason};
use crate::ledger::model::time::Tick;
use crate::ledger::state::budget::Budget;
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

/// A CloseIdle command in progress.
#[derive(Debug)]
pub(in crate::ledger) struct IdleClosing {
    command: CloseIdle,
    /// The user handled last, and that user's last activity.
    after: Option<(Tick, UserNo)>,
    closed: IdleClosed,
}

impl SteppedCommand for CloseIdle {
    type Steps = IdleClosing;

    fn users(&mut self) -> Vec<&mut UserId> {
        self.own_user.iter_mut().collect()
    }

    fn begin(self) -> IdleClosing {
        IdleClosing { command: self, after: None, closed: IdleClosed::default() }
    }
}

impl IdleClosing {
    fn pool(&self, tenant: &Tenant) -> Done<Option<PoolNo>> {
        let Some(id) = &self.command.pool else { return Ok(None) };
        tenant.pools.find(id).map(Some).ok_or_else(|| Refusal::not_found("pool", id))
    }
}

impl Steps for IdleClosing {
    type Answer = Done<IdleClosed>;

    /// Includes users who become Idle between two steps, and skips users who became active.
    fn next_step(&mut self, tenant: &mut Tenant, ctx: &mut Context) -> Option<Self::Answer> {
        let pool = match self.pool(tenant) {
            Ok(pool) => pool,
            Err(refusal) => return Some(Err(refusal)),
        };
        while let Some(next) = tenant.next_idle(self.after) {
            if ctx.budget.is_spent() {
                return None;
            }
            ctx.budget.spend(Budget::READ);
            self.after = Some(next);
            if self.command.own_user.as_ref() != Some(&tenant.users.get(next.1).id) {
                tenant.close_idle(next.1, pool, &mut self.closed, ctx);
            }
        }
        Some(Ok(std::mem::take(&mut self.closed)))
    }

    fn next_step_without_tenant(&mut self, id: &TenantId, _: &mut Context) -> Option<Self::Answer> {
        Some(Err(Refusal::not_found("tenant", id)))
    }
}

impl Tenant {
    /// The user who is idle the longest after another one.
    fn next_idle(&self, after: Option<(Tick, UserNo)>) -> Option<(Tick, UserNo)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.idle.range((from, Bound::Unbounded)).next().copied()
    }

    fn close_idle(&mut self, user: UserNo, pool: Option<PoolNo>, closed: &mut IdleClosed, ctx: &mut Context) {
        for slot in self.live_of(self.users.get(user)) {
            let session = self.sessions.get(slot);
            if pool.is_some_and(|pool| pool != session.pool) {
                continue;
            }
            let (due, late) = session.deadline(&self.policy);
            let overdue = due <= ctx.now.tick;
            if !overdue {
                closed.count += 1;
                if closed.sessions.len() < IdleClosed::MAX_SESSIONS {
                    closed.sessions.push(self.session_view(session, ctx.now));
                }
            }
            self.end(slot, if overdue { late } else { SessionEndReason::Closed }, ctx);
        }
    }
}
