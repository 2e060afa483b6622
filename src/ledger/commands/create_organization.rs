//! CreateOrganization (R3).

use super::tenant_command::TenantCommand;
use crate::error_reason::ErrorReason;
use crate::ids::TenantId;
use crate::ledger::model::change::{Action, Change, OrganizationRow};
use crate::ledger::model::command::CreateOrganization;
use crate::ledger::model::outcome::{Done, OrganizationView, Refusal};
use crate::ledger::state::context::Context;
use crate::ledger::state::organization::{MAX_ORGANIZATIONS, view};
use crate::ledger::state::tenant::Tenant;

impl TenantCommand for CreateOrganization {
    fn apply(self, tenant: &mut Tenant, ctx: &mut Context) -> Done<OrganizationView> {
        if tenant.organizations.find(&self.organization).is_some()
            || tenant.organizations.is_leaving(&self.organization)
        {
            return Err(Refusal::exists("organization", &self.organization));
        }
        if tenant.organizations.len() >= MAX_ORGANIZATIONS {
            return Err(Refusal::Precondition {
                reason: ErrorReason::TooManyOrganizations,
                subject: self.organization.to_string(),
                text: format!("a tenant has at most {MAX_ORGANIZATIONS} organizations"),
            });
        }
        let row = OrganizationRow {
            tenant: tenant.no,
            no: tenant.organizations.next_no(),
            id: self.organization.clone(),
            display_name: self.display_name,
            created: ctx.now.tick,
            version: 1,
        };
        ctx.put(Change::PutOrganization(row.clone()));
        ctx.log(tenant.about(Action::OrganizationCreated).organization(Some(self.organization)));
        let shown = view(&row, ctx.now);
        tenant.organizations.put(row);
        Ok(shown)
    }

    fn without_tenant(self, id: &TenantId, _: &mut Context) -> Done<OrganizationView> {
        Err(Refusal::not_found("tenant", id))
    }
}
