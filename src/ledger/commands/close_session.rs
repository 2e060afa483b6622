//! CloseSession: an administrator closes one session from the list (R26).

use super::tenant_command::TenantCommand;
use crate::error_reason::ErrorReason;
use crate::ids::{TenantId, UserId};
use crate::ledger::model::command::CloseSession;
use crate::ledger::model::outcome::{CheckedIn, Done, Refusal, SessionEndReason, Status};
use crate::ledger::model::policy::CloseActive;
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

impl TenantCommand for CloseSession {
    fn users(&mut self) -> Vec<&mut UserId> {
        self.own_user.iter_mut().collect()
    }

    /// A session that has ended is answered with its reason; only an unknown one is refused.
    fn apply(self, tenant: &mut Tenant, ctx: &mut Context) -> Done<CheckedIn> {
        let slot = tenant.sessions.find(self.session).ok_or_else(|| Refusal::not_found("session", self.session))?;
        let session = tenant.sessions.get(slot);
        let user = tenant.users.get(session.user);
        if let Some((_, reason)) = session.ended() {
            return Ok(CheckedIn { ended_now: false, reason: Some(reason) });
        }
        let (due, overdue) = session.deadline(&tenant.policy);
        if due <= ctx.now.tick {
            tenant.end(slot, overdue, ctx);
            return Ok(CheckedIn { ended_now: false, reason: Some(overdue) });
        }
        if self.own_session == Some(self.session) || self.own_user.as_ref() == Some(&user.id) {
            return Err(refuse(
                ErrorReason::OwnSession,
                &self,
                "nobody closes their own session from the list; check it in instead",
            ));
        }
        let active = matches!(tenant.status(user, ctx.now.tick), Status::Active | Status::Away);
        // With a silent client there is no unsaved work to lose: this command is for browsers that were closed.
        let in_use = active && session.has_live_client(&tenant.policy, ctx.now.tick);
        if in_use && tenant.policy.close_active == CloseActive::Refuse && !self.force {
            return Err(refuse(
                ErrorReason::SessionInUse,
                &self,
                "the user is Active with a live client and may have unsaved work; wait until the user is Idle or the \
                 client was silent for two heartbeat intervals, set `force`, or set the tenant's policy `close_active` \
                 to ALLOW",
            ));
        }
        tenant.end(slot, SessionEndReason::Closed, ctx);
        Ok(CheckedIn { ended_now: true, reason: Some(SessionEndReason::Closed) })
    }

    fn without_tenant(self, id: &TenantId, _: &mut Context) -> Done<CheckedIn> {
        Err(Refusal::not_found("tenant", id))
    }
}

fn refuse(reason: ErrorReason, command: &CloseSession, text: &str) -> Refusal {
    Refusal::Precondition { reason, subject: command.session.to_string(), text: text.into() }
}
