//! Commands that the ledger itself decides about: those that create or delete a tenant, and those about API tokens.

use crate::ids::TenantId;
use crate::ledger::model::change::{Actor, Changes};
use crate::ledger::model::command::{Command, Operation};
use crate::ledger::model::time::Moment;
use crate::ledger::state::ledger::Ledger;

/// A command that the ledger itself decides about. It takes one step.
pub(in crate::ledger) trait InstallationCommand: Operation<Kind = Command> {
    /// Decides, and carries the decision out. `tenant` is that of the request.
    fn apply(
        self,
        ledger: &mut Ledger,
        tenant: TenantId,
        actor: &Actor,
        now: Moment,
        out: &mut Changes,
    ) -> Self::Answer;
}
