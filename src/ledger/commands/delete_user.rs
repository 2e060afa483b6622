//! DeleteUser (R5, R6). It ends the sessions first, because no row may refer to a deleted user.

use super::stepped_command::{SteppedCommand, Steps};
use super::user_ref::UserRef;
use crate::ids::{TenantId, UserId, UserNo};
use crate::ledger::model::change::{Action, Change};
use crate::ledger::model::command::DeleteUser;
use crate::ledger::model::outcome::{Done, Refusal, SessionEndReason};
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

/// A DeleteUser command in progress.
#[derive(Debug)]
pub(in crate::ledger) struct UserDeletion {
    whom: UserRef,
}

impl SteppedCommand for DeleteUser {
    type Steps = UserDeletion;

    fn users(&mut self) -> Vec<&mut UserId> {
        vec![&mut self.user]
    }

    fn begin(self) -> UserDeletion {
        UserDeletion { whom: UserRef::new(self.user) }
    }
}

impl Steps for UserDeletion {
    type Answer = Done<()>;

    fn next_step(&mut self, tenant: &mut Tenant, ctx: &mut Context) -> Option<Self::Answer> {
        let no = match self.whom.find(tenant) {
            Ok((no, _)) => no,
            Err(refusal) => return Some(Err(refusal)),
        };
        if !tenant.end_sessions_of(no, |_| true, SessionEndReason::UserDeleted, ctx) {
            return None;
        }
        tenant.delete_user(no, ctx);
        Some(Ok(()))
    }

    fn next_step_without_tenant(&mut self, id: &TenantId, _: &mut Context) -> Option<Self::Answer> {
        Some(Err(Refusal::not_found("tenant", id)))
    }
}

impl Tenant {
    /// Deletes a user who has no live session.
    fn delete_user(&mut self, no: UserNo, ctx: &mut Context) {
        self.forget_sessions(no, ctx);
        while let Some(pool) = self.users.get(no).seats.first().map(|seat| seat.pool) {
            self.drop_seat(no, pool, ctx);
        }
        let id = self.users.get(no).id.clone();
        self.remove_user(no, ctx);
        ctx.log(self.about(Action::UserDeleted).user(&id));
    }

    /// Deletes the rows of a user's ended sessions. Their reasons stay in memory, for late heartbeats.
    fn forget_sessions(&mut self, user: UserNo, ctx: &mut Context) {
        let slots = std::mem::take(&mut self.users.get_mut(user).slots);
        for slot in slots {
            let Some(session) = self.sessions.remove(slot) else { continue };
            if let Some((at, reason)) = session.ended() {
                ctx.ended_sessions.add(session.id, self.id.clone(), reason, at);
            }
            ctx.put(Change::DeleteSession(self.no, user, session.no));
        }
    }
}
