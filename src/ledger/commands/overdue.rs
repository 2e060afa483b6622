//! Overdue sessions of a pool end before a decision about it (R18), however many there are. That takes several steps,
//! so that other callers do not wait for all of them, and a decision waits only for those that it needs.

use crate::ids::{PoolId, PoolNo, UserNo};
use crate::ledger::model::change::Plan;
use crate::ledger::model::outcome::SessionEndReason;
use crate::ledger::model::time::Tick;
use crate::ledger::state::budget::Budget;
use crate::ledger::state::context::Context;
use crate::ledger::state::deadlines::DueScan;
use crate::ledger::state::session::SessionSlot;
use crate::ledger::state::tenant::Tenant;

/// Highest number of overdue sessions of a pool that a question (`Command::is_question`) reads; it ends none (R20).
pub(in crate::ledger) const MAX_OVERDUE: usize = 100;

impl Tenant {
    /// Ends overdue sessions of the pool before a decision (R18), as many as the step pays for. Returns false if more
    /// are left and the pool is full, so that this step cannot decide. A question ends none, and reads some.
    pub fn end_overdue_before(&mut self, pool: &PoolId, check_only: bool, ctx: &mut Context) -> bool {
        let now = ctx.now.tick;
        let Some(pool) = self.pools.find(pool) else { return true };
        let nothing_due = self.pools.get(pool).noted().is_none_or(|noted| noted > now);
        if nothing_due {
            return true;
        }
        let all = match check_only {
            true => self.scan_due(pool, now, MAX_OVERDUE, ctx.budget).complete,
            false => self.end_overdue(pool, ctx),
        };
        let (plan, limit) = self.entitled(pool, ctx.limit_basis());
        all || plan == Plan::Named || limit.has_room(self.in_use(pool, plan))
    }

    /// Slots of the sessions that would end before a decision: at most [`MAX_OVERDUE`] of the pool's, and the user's.
    pub fn overdue_for(&mut self, pool: Option<PoolNo>, user: Option<UserNo>, ctx: &mut Context) -> Vec<SessionSlot> {
        let now = ctx.now.tick;
        let of_pool = pool.map(|pool| self.scan_due(pool, now, MAX_OVERDUE, ctx.budget).due);
        let mut overdue = of_pool.unwrap_or_default();
        if let Some(user) = user {
            for slot in self.live_of(self.users.get(user)) {
                let late = self.sessions.get(slot).deadline(&self.policy).0 <= now;
                if late && !overdue.contains(&slot) {
                    overdue.push(slot);
                }
            }
        }
        overdue
    }

    /// Ends overdue sessions of the pool (R18, R24), each for its own reason, in order of their deadlines, as far as
    /// the budget allows; returns true if none is left.
    pub fn end_overdue(&mut self, pool: PoolNo, ctx: &mut Context) -> bool {
        let now = ctx.now.tick;
        while let Some((slot, reason)) = self.first_overdue(pool, now, ctx.budget) {
            self.end(slot, reason, ctx);
        }
        self.pools.get(pool).noted().is_none_or(|noted| noted > now)
    }

    /// The overdue session of the pool with the earliest deadline; `None`: there is none, or the budget is spent.
    fn first_overdue(
        &mut self,
        pool: PoolNo,
        now: Tick,
        budget: &mut Budget,
    ) -> Option<(SessionSlot, SessionEndReason)> {
        let (policy, mut positions) = (&self.policy, std::mem::take(&mut self.sessions.positions));
        let (sessions, pool) = (&self.sessions, self.pools.get_mut(pool));
        let due = |slot: SessionSlot| sessions.get(slot).deadline(policy).0;
        let counted = pool.deadlines.first_due(&mut positions, now, due, budget);
        let exempt = pool.exempt_deadlines.first_due(&mut positions, now, due, budget);
        self.sessions.positions = positions;
        let (_, slot) = counted.into_iter().chain(exempt).min()?;
        Some((slot, self.sessions.get(slot).deadline(&self.policy).1))
    }

    /// Ends the user's own overdue sessions.
    pub fn end_overdue_of(&mut self, user: UserNo, ctx: &mut Context) {
        for slot in self.live_of(self.users.get(user)) {
            let (due, reason) = self.sessions.get(slot).deadline(&self.policy);
            if due <= ctx.now.tick {
                self.end(slot, reason, ctx);
            }
        }
    }

    /// Reads the deadlines of the sessions that hold a seat in the pool, and ends none: for a question (R20).
    pub fn scan_due(&self, pool: PoolNo, now: Tick, max: usize, budget: &mut Budget) -> DueScan<SessionSlot> {
        let due = |slot: SessionSlot| self.sessions.get(slot).deadline(&self.policy).0;
        self.pools.get(pool).deadlines.scan(now, max, due, budget)
    }

    /// The earliest deadline of a session that holds a seat in the pool. If very many were postponed since the last
    /// read, the result may be too early, but never too late.
    pub fn first_deadline(&mut self, pool: PoolNo, budget: &mut Budget) -> Option<Tick> {
        let (policy, mut positions) = (&self.policy, std::mem::take(&mut self.sessions.positions));
        let sessions = &self.sessions;
        let due = |slot: SessionSlot| sessions.get(slot).deadline(policy).0;
        let first = self.pools.get_mut(pool).deadlines.first_at(&mut positions, due, budget);
        self.sessions.positions = positions;
        first
    }
}
