//! UpdateOrganization: changes the display name.

use super::patch::set;
use super::tenant_command::TenantCommand;
use crate::ids::TenantId;
use crate::ledger::model::change::{Action, Change};
use crate::ledger::model::command::UpdateOrganization;
use crate::ledger::model::outcome::{Done, OrganizationView, Refusal};
use crate::ledger::state::context::Context;
use crate::ledger::state::organization::view;
use crate::ledger::state::tenant::Tenant;

impl TenantCommand for UpdateOrganization {
    fn apply(self, tenant: &mut Tenant, ctx: &mut Context) -> Done<OrganizationView> {
        let no = tenant.known_organization(&self.organization)?;
        let mut row = tenant.organizations.get(no).expect("found just now").clone();
        if self.version.is_some_and(|version| version != row.version) {
            return Err(Refusal::StaleEtag);
        }
        let mut what = Vec::new();
        set(&mut row.display_name, self.display_name, "display_name", &mut what);
        if !what.is_empty() {
            row.version += 1;
            ctx.put(Change::PutOrganization(row.clone()));
            let about = tenant.about(Action::OrganizationUpdated).organization(Some(self.organization));
            ctx.log(about.detail(what.join(", ")));
            tenant.organizations.put(row.clone());
        }
        Ok(view(&row, ctx.now))
    }

    fn without_tenant(self, id: &TenantId, _: &mut Context) -> Done<OrganizationView> {
        Err(Refusal::not_found("tenant", id))
    }
}
