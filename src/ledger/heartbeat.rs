//! Heartbeat: keeps sessions (R22). Changes memory only, unless a session turns out to be overdue: that ends,
//! and no heartbeat revives it (R24); or unless the policy's lease is not the one in the session's row.

use super::change::Change;
use super::command::{Heartbeat, Outcome};
use super::execution::{Steps, each};
use super::outcome::Beat;
use super::step::Step;
use super::tenant::Tenant;
use crate::ids::{SessionId, TenantId};

/// What a heartbeat costs, beside what it writes.
const COST: u32 = 500;

/// A long list of sessions, under way.
#[derive(Debug)]
pub(super) struct Beats {
    command: Heartbeat,
    answers: Vec<Beat>,
}

impl Beats {
    pub fn new(command: Heartbeat) -> Self {
        Self { command, answers: Vec::new() }
    }

    fn answer(&mut self, through: bool) -> Option<Outcome> {
        through.then(|| Outcome::Heartbeat(std::mem::take(&mut self.answers)))
    }
}

impl Steps for Beats {
    fn go_on(&mut self, tenant: &mut Tenant, step: &mut Step) -> Option<Outcome> {
        let Self { command, answers } = self;
        let through = each(command.beats.len(), answers, step, |at, step| {
            let (session, active) = command.beats[at];
            step.budget.spend(COST);
            tenant.beat(session, active, step)
        });
        self.answer(through)
    }

    fn go_on_nowhere(&mut self, tenant: &TenantId, step: &mut Step) -> Option<Outcome> {
        let Self { command, answers } = self;
        let through = each(command.beats.len(), answers, step, |at, step| late(command.beats[at].0, tenant, step));
        self.answer(through)
    }
}

/// The answer to who is not known any more.
pub(super) fn late(session: SessionId, tenant: &TenantId, step: &Step) -> Beat {
    let ended = step.orphans.find(session, tenant);
    Beat::Ended(ended.map(|(reason, at)| (reason, step.now.wall_of(at))))
}

impl Tenant {
    pub fn heartbeat(&mut self, command: &Heartbeat, step: &mut Step) -> Vec<Beat> {
        command.beats.iter().map(|(session, active)| self.beat(*session, *active, step)).collect()
    }

    fn beat(&mut self, id: SessionId, active: bool, step: &mut Step) -> Beat {
        let now = step.now.tick;
        let Some(slot) = self.sessions.find(id) else {
            return late(id, &self.id, step);
        };
        let session = self.sessions.get_mut(slot);
        if let Some((at, reason)) = session.ended() {
            return Beat::Ended(Some((reason, step.now.wall_of(at))));
        }
        let (due, reason) = session.deadline(&self.policy);
        if due <= now && !planted!(LateHeartbeatRevives) {
            self.end(slot, reason, step);
            return Beat::Ended(Some((reason, step.now.wall)));
        }
        let written = session.lease_ms;
        session.renew(&self.policy, now);
        if session.lease_ms != written {
            // The answer promises another lease than the row knows: a load must grant no less (I5).
            step.put(Change::PutSession(session.row(self.no, self.users.last_sign_in(session.user))));
        }
        if active && session.last_activity < now {
            let (user, user_idle) = (session.user, session.user_idle);
            if !std::mem::replace(&mut session.touched, true) {
                step.checkpoint.push(now, self.no, id);
            }
            if user_idle {
                self.touch(user, now);
            }
            // After the user was found by the activity before this one.
            self.sessions.get_mut(slot).last_activity = now;
        }
        Beat::Kept(self.lease(slot, true, step))
    }
}
