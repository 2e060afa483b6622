//! CloseSession: an administrator closes one session from the list (R26).

use super::command::CloseSession;
use super::outcome::{Done, Refusal, SessionEndReason, SessionView, Status};
use super::policy::CloseActive;
use super::step::Step;
use super::tenant::Tenant;

impl Tenant {
    /// Closing a session that has ended answers as it is; only an unknown one is refused.
    pub fn close_session(&mut self, ask: &CloseSession, step: &mut Step) -> Done<SessionView> {
        self.settle(step.now.tick);
        let slot = self.sessions.find(ask.session).ok_or_else(|| Refusal::not_found("session", ask.session))?;
        let (_, late) = self.sessions.get(slot).deadline(&self.policy);
        let session = self.sessions.get(slot);
        let user = self.users.get(session.user);
        let view = self.session_view(session, step.now);
        if !session.is_live() {
            return Ok(view);
        }
        if session.deadline(&self.policy).0 <= step.now.tick {
            self.end(slot, late, step);
            return Ok(view);
        }
        if ask.own_session == Some(ask.session) || ask.own_user.as_ref() == Some(&user.id) {
            return Err(refuse(
                "OWN_SESSION",
                ask,
                "nobody closes their own session from the list; check it in instead",
            ));
        }
        let active = matches!(self.status(user, step.now.tick), Status::Active | Status::Away);
        if active && self.policy.close_active == CloseActive::Refuse && !ask.force {
            return Err(refuse(
                "SESSION_IN_USE",
                ask,
                "the user is Active with a live client and may have unsaved work; wait until the user is Idle, \
                 set `force`, or set the tenant's policy `close_active` to ALLOW",
            ));
        }
        self.end(slot, SessionEndReason::Closed, step);
        Ok(view)
    }
}

fn refuse(reason: &'static str, ask: &CloseSession, text: &str) -> Refusal {
    Refusal::Precondition { reason, subject: ask.session.to_string(), text: text.into() }
}
