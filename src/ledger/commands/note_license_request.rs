//! NoteLicenseRequest: records a license request to the vendor (R35).

use super::tenant_command::TenantCommand;
use crate::ids::TenantId;
use crate::ledger::model::change::{Action, Change};
use crate::ledger::model::command::NoteLicenseRequest;
use crate::ledger::model::outcome::{Done, Refusal};
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

impl TenantCommand for NoteLicenseRequest {
    /// Records a license request before it is sent, and when sending it failed (R35). The unchanged tenant row goes
    /// into the batch, because an answer without rows does not wait for it, and the audit must have the request before
    /// the vendor does.
    fn apply(self, tenant: &mut Tenant, ctx: &mut Context) -> Done<()> {
        let (action, detail) = match &self.failed {
            None => (Action::LicenseRequestSent, &self.what),
            Some(why) => (Action::LicenseRequestFailed, why),
        };
        ctx.put(Change::PutTenant(tenant.row()));
        ctx.log(tenant.about(action).detail(format!("to {}: {detail}", self.to)));
        Ok(())
    }

    fn without_tenant(self, id: &TenantId, _: &mut Context) -> Done<()> {
        Err(Refusal::not_found("tenant", id))
    }
}
