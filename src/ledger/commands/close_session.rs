//! CloseSession: an administrator closes one session from the list (R26).

use crate::error_reason::ErrorReason;
use crate::ledger::model::command::CloseSession;
use crate::ledger::model::outcome::{CheckedIn, Done, Refusal, SessionEndReason, Status};
use crate::ledger::model::policy::CloseActive;
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

impl Tenant {
    /// A session that has ended is answered with its reason; only an unknown one is refused.
    pub fn close_session(&mut self, command: &CloseSession, ctx: &mut Context) -> Done<CheckedIn> {
        let slot = self.sessions.find(command.session).ok_or_else(|| Refusal::not_found("session", command.session))?;
        let session = self.sessions.get(slot);
        let user = self.users.get(session.user);
        if let Some((_, reason)) = session.ended() {
            return Ok(CheckedIn { ended_now: false, reason: Some(reason) });
        }
        let (due, overdue) = session.deadline(&self.policy);
        if due <= ctx.now.tick {
            self.end(slot, overdue, ctx);
            return Ok(CheckedIn { ended_now: false, reason: Some(overdue) });
        }
        if command.own_session == Some(command.session) || command.own_user.as_ref() == Some(&user.id) {
            return Err(refuse(
                ErrorReason::OwnSession,
                command,
                "nobody closes their own session from the list; check it in instead",
            ));
        }
        let active = matches!(self.status(user, ctx.now.tick), Status::Active | Status::Away);
        // With a silent client there is no unsaved work to lose: this command is for browsers that were closed.
        let in_use = active && session.has_live_client(&self.policy, ctx.now.tick);
        if in_use && self.policy.close_active == CloseActive::Refuse && !command.force {
            return Err(refuse(
                ErrorReason::SessionInUse,
                command,
                "the user is Active with a live client and may have unsaved work; wait until the user is Idle or the \
                 client was silent for two heartbeat intervals, set `force`, or set the tenant's policy `close_active` \
                 to ALLOW",
            ));
        }
        self.end(slot, SessionEndReason::Closed, ctx);
        Ok(CheckedIn { ended_now: true, reason: Some(SessionEndReason::Closed) })
    }
}

fn refuse(reason: ErrorReason, command: &CloseSession, text: &str) -> Refusal {
    Refusal::Precondition { reason, subject: command.session.to_string(), text: text.into() }
}
