//! BlockUser and DeleteUser, which end sessions. A user can have a thousand, so they take several steps. BlockUser
//! blocks first, so that no new session starts; DeleteUser ends the sessions first, because no row may refer to a
//! deleted user.

use super::execution::Steps;
use crate::ids::{TenantId, UserId, UserNo};
use crate::ledger::model::command::{BlockUser, DeleteUser, Outcome};
use crate::ledger::model::outcome::{Done, Refusal, SessionEndReason};
use crate::ledger::state::budget::Budget;
use crate::ledger::state::context::Context;
use crate::ledger::state::session::Session;
use crate::ledger::state::tenant::Tenant;

/// User of a command of several steps: the user who had the id at the first step. By the next step another may have it.
#[derive(Debug)]
struct UserRef {
    id: UserId,
    no: Option<UserNo>,
}

impl UserRef {
    /// Returns the user, and true in the first step.
    fn find(&mut self, tenant: &Tenant) -> Done<(UserNo, bool)> {
        match self.no {
            None => tenant.known_user(&self.id).map(|no| (*self.no.insert(no), true)),
            Some(no) if tenant.users.at(no).is_some() => Ok((no, false)),
            Some(_) => Err(Refusal::not_found("user", &self.id)),
        }
    }
}

/// A BlockUser command in progress.
#[derive(Debug)]
pub(in crate::ledger) struct Blocked {
    whom: UserRef,
    end_sessions: bool,
}

impl Blocked {
    pub fn new(command: BlockUser) -> Self {
        Self { whom: UserRef { id: command.user, no: None }, end_sessions: command.end_sessions }
    }
}

impl Steps for Blocked {
    fn next_step(&mut self, tenant: &mut Tenant, ctx: &mut Context) -> Option<Outcome> {
        let (no, first) = match self.whom.find(tenant) {
            Ok(found) => found,
            Err(refusal) => return Some(Outcome::BlockUser(Err(refusal))),
        };
        if first {
            tenant.block_user(no, ctx);
        }
        if self.end_sessions && !tenant.end_sessions_of(no, |_| true, SessionEndReason::Closed, ctx) {
            return None;
        }
        Some(Outcome::BlockUser(Ok(tenant.user_view(no, ctx.limit_basis()))))
    }

    fn next_step_without_tenant(&mut self, tenant: &TenantId, _: &mut Context) -> Option<Outcome> {
        Some(Outcome::BlockUser(Err(Refusal::not_found("tenant", tenant))))
    }
}

/// A DeleteUser command in progress.
#[derive(Debug)]
pub(in crate::ledger) struct UserDeletion {
    whom: UserRef,
}

impl UserDeletion {
    pub fn new(command: DeleteUser) -> Self {
        Self { whom: UserRef { id: command.user, no: None } }
    }
}

impl Steps for UserDeletion {
    fn next_step(&mut self, tenant: &mut Tenant, ctx: &mut Context) -> Option<Outcome> {
        let no = match self.whom.find(tenant) {
            Ok((no, _)) => no,
            Err(refusal) => return Some(Outcome::DeleteUser(Err(refusal))),
        };
        if !tenant.end_sessions_of(no, |_| true, SessionEndReason::UserDeleted, ctx) {
            return None;
        }
        tenant.delete_user(no, ctx);
        Some(Outcome::DeleteUser(Ok(())))
    }

    fn next_step_without_tenant(&mut self, tenant: &TenantId, _: &mut Context) -> Option<Outcome> {
        Some(Outcome::DeleteUser(Err(Refusal::not_found("tenant", tenant))))
    }
}

impl Tenant {
    /// Ends the user's live sessions for which `meant` returns true, oldest first, each with the same reason, as far as
    /// the budget of this step allows, and one at least. Returns true if all of them are ended.
    pub fn end_sessions_of(
        &mut self,
        user: UserNo,
        meant: impl Fn(&Session) -> bool,
        reason: SessionEndReason,
        ctx: &mut Context,
    ) -> bool {
        let Some(holder) = self.users.at(user) else { return true };
        ctx.budget.spend_each(holder.slots.len(), Budget::READ / 4);
        let mut ended = false;
        for slot in self.live_of(holder) {
            if !meant(self.sessions.get(slot)) {
                continue;
            }
            if ctx.budget.is_spent() && ended {
                return false;
            }
            ended = true;
            // Ending a session reads all sessions of its user.
            ctx.budget.spend_each(self.users.get(user).slots.len(), 4);
            self.end(slot, reason, ctx);
        }
        true
    }
}
