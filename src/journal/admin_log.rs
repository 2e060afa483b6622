//! Admin log: the changes that people and programs made, each with actor, action and tenant. The table of commands says
//! which are logged; changes by the service itself are not.

use crate::ids::TenantId;
use crate::ledger::change::Actor;
use crate::ledger::command::Outcome;

/// Logs the command, unless it was refused or denied.
pub(super) fn log(actor: &Actor, tenant: &TenantId, outcome: &Outcome) {
    if let Some(action) = outcome.admin_action().filter(|_| !actor.is_service()) {
        tracing::info!(target: "usher::admin", action, actor = &*actor.0, %tenant, "done");
    }
}
