//! DeleteLicense: an administrator deletes a license. Live sessions stay (R14). Its revision is remembered, so that
//! nobody can install an older one after the deletion (R27).

use super::change::Action;
use super::command::DeleteLicense;
use super::context::Context;
use super::install_license::shifts;
use super::license_view::LicenseChange;
use super::outcome::{Done, Refusal};
use super::tenant::Tenant;
use crate::ids::LicenseId;

impl Tenant {
    pub fn delete_license(&mut self, command: &DeleteLicense, ctx: &mut Context) -> Done<LicenseChange> {
        self.drop_license(&command.license, ctx)
    }

    /// Deletes one license, with its audit event.
    pub fn drop_license(&mut self, id: &LicenseId, ctx: &mut Context) -> Done<LicenseChange> {
        let revision = self.licenses.head(id).ok_or_else(|| Refusal::not_found("license", id))?.revision;
        let before = self.usages(ctx);
        self.licenses.delete(id, ctx)?;
        self.notifications.look = true;
        let change = self.license_change(Some(id), &before, true, ctx);
        let what = format!("{id} revision {revision}{}", shifts(&change.pools));
        ctx.log(self.about(Action::LicenseDeleted).detail(what));
        Ok(change)
    }
}
