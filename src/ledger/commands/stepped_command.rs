//! Commands whose length the caller chooses: they take several steps.

use crate::ids::{TenantId, UserId};
use crate::ledger::model::command::{Command, Operation};
use crate::ledger::state::budget::Budget;
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

/// A command of a tenant that takes several steps.
pub(in crate::ledger) trait SteppedCommand: Operation<Kind = Command> {
    type Steps: Steps<Answer = Self::Answer>;

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

    /// Begins the command, without a step.
    fn begin(self) -> Self::Steps;
}

/// State that a command of several steps keeps between two steps: what is done, and where to continue. The tenant is
/// still the same in the next step; nothing else that a step saw is sure to exist then.
pub(in crate::ledger) trait Steps {
    type Answer;

    /// Continues until the budget of this step is spent. Returns `None` if there is more to do.
    fn next_step(&mut self, tenant: &mut Tenant, ctx: &mut Context) -> Option<Self::Answer>;

    /// The same if the tenant does not exist, or was deleted meanwhile: the remaining items are answered accordingly.
    fn next_step_without_tenant(&mut self, id: &TenantId, ctx: &mut Context) -> Option<Self::Answer>;
}

/// Calls `turn` for the items that have no answer yet, until the budget of this step is spent, but for one item at
/// least: what a command spends before the first item is spent in each step. `answers` has one entry for each item that
/// is done. Returns true if all items are done.
pub(in crate::ledger) fn each<A>(
    count: usize,
    answers: &mut Vec<A>,
    ctx: &mut Context,
    mut turn: impl FnMut(usize, &mut Context) -> A,
) -> bool {
    let first = answers.len();
    while answers.len() < count {
        if ctx.budget.is_spent() && answers.len() > first {
            return false;
        }
        ctx.budget.spend(Budget::READ);
        answers.push(turn(answers.len(), ctx));
    }
    true
}
