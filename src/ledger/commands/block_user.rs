//! BlockUser (R5, R6). It blocks first, so that no new session starts, and then ends the sessions, if the caller wants
//! that.

use super::stepped_command::{SteppedCommand, Steps};
use super::user_ref::UserRef;
use crate::ids::{TenantId, UserId, UserNo};
use crate::ledger::model::change::{Action, BlockCause};
use crate::ledger::model::command::BlockUser;
use crate::ledger::model::outcome::{Done, Refusal, SessionEndReason, UserView};
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

/// A BlockUser command in progress.
#[derive(Debug)]
pub(in crate::ledger) struct Blocked {
    whom: UserRef,
    end_sessions: bool,
}

impl SteppedCommand for BlockUser {
    type Steps = Blocked;

    fn users(&mut self) -> Vec<&mut UserId> {
        vec![&mut self.user]
    }

    fn begin(self) -> Blocked {
        Blocked { whom: UserRef::new(self.user), end_sessions: self.end_sessions }
    }
}

impl Steps for Blocked {
    type Answer = Done<UserView>;

    fn next_step(&mut self, tenant: &mut Tenant, ctx: &mut Context) -> Option<Self::Answer> {
        let (no, first) = match self.whom.find(tenant) {
            Ok(found) => found,
            Err(refusal) => return Some(Err(refusal)),
        };
        if first {
            tenant.block_user(no, ctx);
        }
        if self.end_sessions && !tenant.end_sessions_of(no, |_| true, SessionEndReason::Closed, ctx) {
            return None;
        }
        Some(Ok(tenant.user_view(no, ctx.limit_basis())))
    }

    fn next_step_without_tenant(&mut self, id: &TenantId, _: &mut Context) -> Option<Self::Answer> {
        Some(Err(Refusal::not_found("tenant", id)))
    }
}

impl Tenant {
    /// Blocks a user; sessions go on.
    pub fn block_user(&mut self, no: UserNo, ctx: &mut Context) {
        // Also a user blocked because no seat was free: from now on only an administrator unblocks the user (R33).
        if self.users.get(no).blocked != Some(BlockCause::Administrator) {
            self.change_user(no, ctx, |user| user.blocked = Some(BlockCause::Administrator));
            ctx.log(self.about(Action::UserBlocked).user(&self.users.get(no).id));
        }
    }
}
