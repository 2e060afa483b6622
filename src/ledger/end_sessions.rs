//! Acts on a user that end sessions: a user can have a thousand, so they take steps. BlockUser blocks first, so that no new
//! one starts; DeleteUser ends them first, for nothing may refer to a user who is gone.

use super::budget::Budget;
use super::command::{BlockUser, DeleteUser, Outcome};
use super::context::Context;
use super::execution::Steps;
use super::outcome::{Done, Refusal, SessionEndReason};
use super::session::Session;
use super::tenant::Tenant;
use crate::ids::{TenantId, UserId, UserNo};

/// Whom a command of several steps is about: the one who had the id at the first. It may be somebody else's at the next.
#[derive(Debug)]
struct UserRef {
    id: UserId,
    no: Option<UserNo>,
}

impl UserRef {
    /// The user, and whether this is the first step.
    fn find(&mut self, tenant: &Tenant) -> Done<(UserNo, bool)> {
        match self.no {
            None => tenant.known_user(&self.id).map(|no| (*self.no.insert(no), true)),
            Some(no) if tenant.users.at(no).is_some() => Ok((no, false)),
            Some(_) => Err(Refusal::not_found("user", &self.id)),
        }
    }
}

/// A user being blocked.
#[derive(Debug)]
pub(super) struct Blocked {
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

/// A user being deleted.
#[derive(Debug)]
pub(super) struct UserDeletion {
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
    /// Ends the live sessions of a user that are meant, the oldest first, each for the same reason, as far as the budget of
    /// this step reaches, and one in any case. Whether all of them are ended.
    pub fn end_sessions_of(
        &mut self,
        user: UserNo,
        meant: impl Fn(&Session) -> bool,
        reason: SessionEndReason,
        ctx: &mut Context,
    ) -> bool {
        let Some(holder) = self.users.at(user) else { return true };
        ctx.budget.spend_each(holder.slots.len(), Budget::LOOK / 4);
        let mut ended = false;
        for slot in self.live_of(holder) {
            if !meant(self.sessions.get(slot)) {
                continue;
            }
            if ctx.budget.is_spent() && ended {
                return false;
            }
            ended = true;
            // What is counted of the user's other sessions is looked through with each.
            ctx.budget.spend_each(self.users.get(user).slots.len(), 4);
            self.end(slot, reason, ctx);
        }
        true
    }
}
