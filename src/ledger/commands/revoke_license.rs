//! RevokeLicense: the vendor revokes revisions of a license. They stay as records and no longer give anything. The
//! tenant is not in demo mode for that, but without seats, as after the end of a license (R29).

use super::install_license::shifts;
use crate::ledger::model::change::Action;
use crate::ledger::model::command::RevokeLicense;
use crate::ledger::model::license_view::LicenseChange;
use crate::ledger::model::outcome::Done;
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

impl Tenant {
    /// Ignores licenses that the tenant never had, and higher revisions.
    pub fn revoke_license(&mut self, command: &RevokeLicense, ctx: &mut Context) -> Done<LicenseChange> {
        let before = self.usages(ctx);
        let changed = self.licenses.revoke(&command.license, command.up_to_revision, ctx);
        let change = self.license_change(Some(&command.license), &before, changed, ctx);
        if changed {
            self.notifications.needs_full_check = true;
            let why = if command.why.is_empty() { String::new() } else { format!(": {}", command.why) };
            let moved = shifts(&change.pools);
            let what = format!("{} up to revision {}{why}{moved}", command.license, command.up_to_revision);
            ctx.log(self.about(Action::LicenseRevoked).detail(what));
        }
        Ok(change)
    }
}
