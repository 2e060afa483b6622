//! DeleteLicenses: all of them, which leads into demo mode (R30).

use super::license_view::LicenseChange;
use super::outcome::Done;
use super::step::Step;
use super::tenant::Tenant;
use crate::ids::LicenseId;

impl Tenant {
    /// One event for each license. Without any there is nothing to change.
    pub fn delete_licenses(&mut self, step: &mut Step) -> Done<LicenseChange> {
        self.settle(step.now.tick);
        let before = self.usages(step);
        let mut all: Vec<LicenseId> = self.licenses.heads().iter().map(|row| row.id.clone()).collect();
        // In an order that a restart does not change.
        all.sort();
        for id in &all {
            self.drop_license(id, step)?;
        }
        Ok(self.license_change(None, &before, !all.is_empty(), step))
    }
}
