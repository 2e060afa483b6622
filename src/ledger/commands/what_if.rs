//! Dry run of a sync: what its former steps would have changed in the counters, in addition to the real state (R33).

use super::sync_plan::SyncPlan;
use crate::ids::{PoolId, PoolNo};
use crate::ledger::model::change::{BlockCause, Limit, Plan};
use crate::ledger::model::command::WhatIf;
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

impl Tenant {
    /// True if a pool has a free seat, or, in a dry run, would have one.
    pub fn has_room_if(&self, no: PoolNo, what_if: Option<&WhatIf>, ctx: &Context) -> bool {
        let Some(what_if) = what_if else { return self.has_seats(no, 1, ctx.limit_basis()) };
        let (plan, limit) = self.entitled(no, ctx.limit_basis());
        plan == Plan::Concurrent || what_if.has_room(&self.pools.get(no).id, limit, self.in_use(no, plan))
    }

    /// Records the counters that the plan would change.
    pub fn simulate(&self, plan: &SyncPlan, what_if: &mut WhatIf, ctx: &Context) {
        let counted = plan.known.is_some_and(|no| self.users.get(no).counts_in_named(&self.policy));
        let states = [(false, plan.was, counted, -1), (true, plan.blocked, plan.counts, 1)];
        for (after, blocked, counts, by) in states {
            let pools = self.planned_pools(plan, after);
            match blocked {
                None if counts => what_if.shift(&pools, by),
                Some(BlockCause::LicenseLimit) => what_if.wait(&pools, by),
                None | Some(_) => {}
            }
        }
        if let (Some(no), Some((_, administrator, _))) = (plan.known, &plan.change)
            && self.users.get(no).administrator != *administrator
        {
            let exempt = *administrator && !self.policy.administrators_count_in_concurrent;
            for pool in self.pools_with_sessions(self.users.get(no), exempt, ctx.now.tick) {
                what_if.live(&self.pools.get(pool).id, if exempt { -1 } else { 1 });
            }
        }
    }
}

impl WhatIf {
    /// True if a pool, with `in_use` seats really in use, would have a free seat.
    pub(in crate::ledger) fn has_room(&self, pool: &PoolId, limit: Limit, in_use: u64) -> bool {
        let taken = self.pools.get(pool).map_or(0, |shift| shift.taken);
        limit.has_room(in_use.saturating_add_signed(taken))
    }

    pub(in crate::ledger) fn waiting(&self, pool: &PoolId, in_truth: u64) -> u64 {
        in_truth.saturating_add_signed(self.pools.get(pool).map_or(0, |shift| shift.waiting))
    }

    /// Counts seats as taken in each pool, or, with a negative `by`, as freed.
    pub(in crate::ledger) fn shift(&mut self, pools: &[PoolId], by: i64) {
        for pool in pools {
            self.pools.entry(pool.clone()).or_default().taken += by;
        }
    }

    /// Number of users with a counted live session in a pool, where it really is `in_truth`.
    pub(in crate::ledger) fn lives(&self, pool: &PoolId, in_truth: u64) -> u64 {
        in_truth.saturating_add_signed(self.pools.get(pool).map_or(0, |shift| shift.live))
    }

    fn live(&mut self, pool: &PoolId, by: i64) {
        self.pools.entry(pool.clone()).or_default().live += by;
    }

    fn wait(&mut self, pools: &[PoolId], by: i64) {
        for pool in pools {
            self.pools.entry(pool.clone()).or_default().waiting += by;
        }
    }
}
