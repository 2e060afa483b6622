//! Commands of a tenant that take one step.

use crate::ids::{TenantId, UserId};
use crate::ledger::model::command::{Command, Operation};
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

/// A command of a tenant that is decided in one step.
pub(in crate::ledger) trait TenantCommand: Operation<Kind = Command> {
    /// The user ids of the command.
    fn users(&mut self) -> Vec<&mut UserId> {
        Vec::new()
    }

    /// See [`Command::is_question`].
    fn is_question(&self) -> bool {
        false
    }

    /// True if its effects can raise notifications. A question changes nothing (R20).
    fn raises_notifications(&self) -> bool {
        !self.is_question()
    }

    /// Does what is due in the tenant before the command. Returns true if the command can be decided in this step.
    fn is_ready(&self, tenant: &mut Tenant, ctx: &mut Context) -> bool {
        tenant.mark_idle(ctx.now.tick, ctx.budget)
    }

    /// Decides, and carries the decision out.
    fn apply(self, tenant: &mut Tenant, ctx: &mut Context) -> Self::Answer;

    /// The answer if there is no such tenant: a denial, a refusal, or the recorded end of a session that a deleted
    /// tenant had.
    fn without_tenant(self, id: &TenantId, ctx: &mut Context) -> Self::Answer;
}
