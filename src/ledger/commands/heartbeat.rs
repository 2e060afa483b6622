//! Heartbeat: extends the leases of sessions (R22). Changes only memory, with two exceptions: a session that is overdue
//! ends, and no heartbeat revives it (R24); and a session is written whose row has another lease than the policy, or says
//! that its client is silent.

use super::stepped_command::{SteppedCommand, Steps, each};
use super::tenant_command::TenantCommand;
use crate::ids::{SessionId, TenantId};
use crate::ledger::model::change::Change;
use crate::ledger::model::command::Heartbeat;
use crate::ledger::model::outcome::HeartbeatResult;
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

/// Work of one session's heartbeat, in units of `Budget`, not counting what it writes.
const HEARTBEAT_COST: u32 = 500;

/// Longest heartbeat, in sessions, that is handled in one step.
const MAX_HEARTBEATS_PER_STEP: usize = 200;

/// A heartbeat of many sessions, in progress.
#[derive(Debug)]
pub(in crate::ledger) struct HeartbeatSteps {
    command: Heartbeat,
    answers: Vec<HeartbeatResult>,
}

impl TenantCommand for Heartbeat {
    /// A heartbeat changes memory only.
    fn raises_notifications(&self) -> bool {
        false
    }

    /// It depends only on its own sessions.
    fn is_ready(&self, _: &mut Tenant, _: &mut Context) -> bool {
        true
    }

    fn apply(self, tenant: &mut Tenant, ctx: &mut Context) -> Vec<HeartbeatResult> {
        self.heartbeats.iter().map(|(session, active)| tenant.renew_session(*session, *active, ctx)).collect()
    }

    fn without_tenant(self, id: &TenantId, ctx: &mut Context) -> Vec<HeartbeatResult> {
        self.heartbeats.iter().map(|(session, _)| late(*session, id, ctx)).collect()
    }
}

impl Heartbeat {
    /// True if it takes several steps.
    pub(in crate::ledger) fn is_long(&self) -> bool {
        self.heartbeats.len() > MAX_HEARTBEATS_PER_STEP
    }
}

impl SteppedCommand for Heartbeat {
    type Steps = HeartbeatSteps;

    fn raises_notifications(&self) -> bool {
        false
    }

    fn begin(self) -> HeartbeatSteps {
        HeartbeatSteps { command: self, answers: Vec::new() }
    }
}

impl Steps for HeartbeatSteps {
    type Answer = Vec<HeartbeatResult>;

    fn next_step(&mut self, tenant: &mut Tenant, ctx: &mut Context) -> Option<Self::Answer> {
        let Self { command, answers } = self;
        let through = each(command.heartbeats.len(), answers, ctx, |at, ctx| {
            let (session, active) = command.heartbeats[at];
            ctx.budget.spend(HEARTBEAT_COST);
            tenant.renew_session(session, active, ctx)
        });
        through.then(|| std::mem::take(answers))
    }

    fn next_step_without_tenant(&mut self, id: &TenantId, ctx: &mut Context) -> Option<Self::Answer> {
        let Self { command, answers } = self;
        let through = each(command.heartbeats.len(), answers, ctx, |at, ctx| late(command.heartbeats[at].0, id, ctx));
        through.then(|| std::mem::take(answers))
    }
}

/// Answer for a session that is not, or no longer, in memory.
pub(in crate::ledger) fn late(session: SessionId, tenant: &TenantId, ctx: &Context) -> HeartbeatResult {
    let ended = ctx.ended_sessions.find(session, tenant);
    HeartbeatResult::Ended(ended.map(|(reason, at)| (reason, ctx.now.wall_of(at))))
}

impl Tenant {
    fn renew_session(&mut self, id: SessionId, active: bool, ctx: &mut Context) -> HeartbeatResult {
        let now = ctx.now.tick;
        let Some(slot) = self.sessions.find(id) else {
            return late(id, &self.id, ctx);
        };
        let session = self.sessions.get_mut(slot);
        if let Some((at, reason)) = session.ended() {
            return HeartbeatResult::Ended(Some((reason, ctx.now.wall_of(at))));
        }
        let (due, reason) = session.deadline(&self.policy);
        if due <= now {
            self.end(slot, reason, ctx);
            return HeartbeatResult::Ended(Some((reason, ctx.now.wall)));
        }
        let (written, silent) = (session.lease_ms, session.silent);
        session.renew(&self.policy, now);
        let changed = silent || session.lease_ms != written;
        if changed {
            // The answer promises more than a load would grant from the row (I5).
            ctx.put(Change::PutSession(session.row(self.no, self.users.last_sign_in(session.user))));
        }
        if active && session.last_activity < now {
            let (user, user_idle) = (session.user, session.user_idle);
            if !std::mem::replace(&mut session.touched, true) {
                ctx.checkpoint.push(now, self.no, id);
            }
            if user_idle {
                self.touch(user, now);
            }
            // Only now: `touch` finds an Idle user by the activity before this one.
            self.sessions.get_mut(slot).last_activity = now;
        }
        if changed {
            self.listen_to(slot);
        }
        HeartbeatResult::Kept(self.lease(slot, true, ctx))
    }
}
