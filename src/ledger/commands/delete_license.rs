//! DeleteLicense: an administrator deletes a license. Live sessions stay (R14). Its revision is remembered, so that
//! nobody can install an older one after the deletion (R27).

use super::install_license::shifts;
use crate::ids::LicenseId;
use crate::ledger::model::change::Action;
use crate::ledger::model::command::DeleteLicense;
use crate::ledger::model::license_view::LicenseChange;
use crate::ledger::model::outcome::{Done, Refusal};
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

impl Tenant {
    pub fn delete_license(&mut self, command: &DeleteLicense, ctx: &mut Context) -> Done<LicenseChange> {
        self.drop_license(&command.license, ctx)
    }

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
