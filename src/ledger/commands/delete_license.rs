//! DeleteLicense: an administrator deletes a license. Live sessions stay (R14). Its revision is remembered, so that
//! nobody can install an older one after the deletion (R27).

use super::install_license::shifts;
use super::tenant_command::TenantCommand;
use crate::ids::{LicenseId, TenantId};
use crate::ledger::model::change::Action;
use crate::ledger::model::command::DeleteLicense;
use crate::ledger::model::license_view::LicenseChange;
use crate::ledger::model::outcome::{Done, Refusal};
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

impl TenantCommand for DeleteLicense {
    fn apply(self, tenant: &mut Tenant, ctx: &mut Context) -> Done<LicenseChange> {
        tenant.drop_license(&self.license, ctx)
    }

    fn without_tenant(self, id: &TenantId, _: &mut Context) -> Done<LicenseChange> {
        Err(Refusal::not_found("tenant", id))
    }
}

impl Tenant {
    /// Deletes one license, with its audit event.
    pub fn drop_license(&mut self, id: &LicenseId, ctx: &mut Context) -> Done<LicenseChange> {
        let revision = self.licenses.head(id).ok_or_else(|| Refusal::not_found("license", id))?.revision;
        let before = self.usages(ctx);
        self.licenses.delete(id, ctx)?;
        self.notifications.needs_full_check = true;
        let change = self.license_change(Some(id), &before, true, ctx);
        let what = format!("{id} revision {revision}{}", shifts(&change.pools));
        ctx.log(self.about(Action::LicenseDeleted).detail(what));
        Ok(change)
    }
}
