//! What a change of the administrator role changes in live sessions (R11).

use super::budget::Budget;
use super::context::Context;
use super::tenant::Tenant;
use crate::ids::UserNo;
use crate::ledger::model::change::Change;

impl Tenant {
    /// Applies a changed role to the user's live sessions.
    pub fn take_role(&mut self, no: UserNo, ctx: &mut Context) {
        let user = self.users.get(no);
        let (administrator, exempt, idle) = (user.administrator, user.is_exempt(&self.policy), user.idle);
        let last_activity = user.last_activity(&self.sessions);
        let (before, signed_in) = (self.pools_of(no), self.users.last_sign_in(no));
        for slot in self.live_of(self.users.get(no)) {
            let session = self.sessions.get_mut(slot);
            session.administrator = administrator;
            let was = std::mem::replace(&mut session.exempt, exempt);
            let (pool, due, row) = (session.pool, session.deadline(&self.policy).0, session.row(self.no, signed_in));
            let pool = self.pools.get_mut(pool);
            pool.deadlines(was).remove(&mut self.sessions.positions, slot);
            pool.deadlines(exempt).insert(&mut self.sessions.positions, slot, due);
            self.due_by(due);
            ctx.put(Change::PutSession(row));
        }
        ctx.budget.spend_each(before.len(), Budget::READ);
        for (pool, counted) in before {
            if counted != exempt {
                continue;
            }
            let pool = self.pools.get_mut(pool);
            pool.live_counted = if exempt { pool.live_counted - 1 } else { pool.live_counted + 1 };
            match (idle, exempt) {
                (false, _) => false,
                (true, true) => pool.idle_counted.remove(&(last_activity, no)),
                (true, false) => pool.idle_counted.insert((last_activity, no)),
            };
            self.stale.note(pool);
            self.notifications.moved(pool);
        }
    }
}
