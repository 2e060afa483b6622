//! Licenses, as a console shows them.

use super::entitlement::{Force, force};
use super::limit_basis::LimitBasis;
use super::tenant::Tenant;
use crate::ledger::model::license::{LicenseRow, Standing};
use crate::ledger::model::license_view::{LicenseView, Validity};

impl Tenant {
    pub fn license_view(&self, row: &LicenseRow, basis: LimitBasis) -> LicenseView {
        let pools = row.entitlements.iter();
        LicenseView {
            id: row.id.clone(),
            revision: row.revision,
            validity: validity(row, basis),
            not_before: row.not_before,
            expires: row.expires,
            pools: pools.map(|given| (self.pools.get(given.pool).id.clone(), given.plan, given.limit)).collect(),
            terms: row.terms.clone(),
            installed: basis.now.wall_of(row.installed),
            installed_by: row.installed_by.clone(),
        }
    }
}

fn validity(row: &LicenseRow, basis: LimitBasis) -> Validity {
    match (row.standing, force(row, basis.license_time)) {
        (Standing::Superseded, _) => Validity::Superseded,
        (Standing::Revoked, _) => Validity::Revoked,
        (_, Force::Holds) => Validity::InForce,
        (_, Force::Expired) => Validity::Expired,
        (_, Force::NotYet) => Validity::NotYetValid,
    }
}
