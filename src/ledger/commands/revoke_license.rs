//! RevokeLicense: the vendor revokes revisions of a license. They stay as records and no longer give anything. The
//! tenant is not in demo mode for that, but without seats, as after the end of a license (R29).

use super::install_license::shifts;
use super::tenant_command::TenantCommand;
use crate::ids::TenantId;
use crate::ledger::model::change::Action;
use crate::ledger::model::command::RevokeLicense;
use crate::ledger::model::license_view::LicenseChange;
use crate::ledger::model::outcome::{Done, Refusal};
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

impl TenantCommand for RevokeLicense {
    /// Ignores licenses that the tenant never had, and higher revisions.
    fn apply(self, tenant: &mut Tenant, ctx: &mut Context) -> Done<LicenseChange> {
        let before = tenant.usages(ctx);
        let changed = tenant.licenses.revoke(&self.license, self.up_to_revision, ctx);
        let change = tenant.license_change(Some(&self.license), &before, changed, ctx);
        if changed {
            tenant.notifications.needs_full_check = true;
            let why = if self.why.is_empty() { String::new() } else { format!(": {}", self.why) };
            let moved = shifts(&change.pools);
            let what = format!("{} up to revision {}{why}{moved}", self.license, self.up_to_revision);
            ctx.log(tenant.about(Action::LicenseRevoked).detail(what));
        }
        Ok(change)
    }

    fn without_tenant(self, id: &TenantId, _: &mut Context) -> Done<LicenseChange> {
        Err(Refusal::not_found("tenant", id))
    }
}
