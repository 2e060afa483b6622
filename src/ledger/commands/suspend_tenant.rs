//! SuspendTenant: suspends a tenant, or resumes it. Live sessions stay (R6).

use super::tenant_command::TenantCommand;
use crate::ids::TenantId;
use crate::ledger::model::change::{Action, TenantState};
use crate::ledger::model::command::SuspendTenant;
use crate::ledger::model::outcome::{Done, Refusal, TenantView};
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

impl TenantCommand for SuspendTenant {
    fn apply(self, tenant: &mut Tenant, ctx: &mut Context) -> Done<TenantView> {
        let (state, action) = match self.suspend {
            true => (TenantState::Suspended, Action::TenantSuspended),
            false => (TenantState::Active, Action::TenantResumed),
        };
        if tenant.state != state {
            tenant.state = state;
            tenant.write(action, "", ctx);
        }
        Ok(tenant.view(ctx.now))
    }

    fn without_tenant(self, id: &TenantId, _: &mut Context) -> Done<TenantView> {
        Err(Refusal::not_found("tenant", id))
    }
}
