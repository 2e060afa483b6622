//! CloseIdleSessions: ends exactly the sessions of Idle users (R26).

use super::command::CloseIdle;
use super::outcome::{Done, Refusal, SessionEndReason, SessionView};
use super::step::Step;
use super::tenant::Tenant;
use crate::ids::UserNo;

impl Tenant {
    pub fn close_idle(&mut self, ask: &CloseIdle, step: &mut Step) -> Done<Vec<SessionView>> {
        self.settle(step.now.tick);
        let pool = match &ask.pool {
            Some(id) => Some(self.pools.find(id).ok_or_else(|| Refusal::not_found("pool", id))?),
            None => None,
        };
        let idle: Vec<UserNo> = self.idle.iter().map(|(_, user)| *user).collect();
        let mut closed = Vec::new();
        for no in idle {
            let user = self.users.get(no);
            if ask.own_user.as_ref() == Some(&user.id) {
                continue;
            }
            for slot in self.live_of(user) {
                let session = self.sessions.get(slot);
                if pool.is_some_and(|pool| pool != session.pool) {
                    continue;
                }
                let (due, late) = session.deadline(&self.policy);
                let overdue = due <= step.now.tick;
                if !overdue {
                    closed.push(self.session_view(session, step.now));
                }
                self.end(slot, if overdue { late } else { SessionEndReason::Closed }, step);
            }
        }
        Ok(closed)
    }
}
