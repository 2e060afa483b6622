//! Licenses, as a console shows them.

use super::entitlement::{Force, force};
use super::limit_basis::LimitBasis;
use super::tenant::Tenant;
use crate::ledger::model::license::{LicenseRow, PoolGrant, Standing};
use crate::ledger::model::license_view::{LicenseView, Validity};

impl Tenant {
    pub fn license_view(&self, row: &LicenseRow, basis: LimitBasis) -> LicenseView {
        let pools = row.entitlements.iter().map(|given| PoolGrant {
            pool: self.pools.get(given.pool).id.clone(),
            plan: given.plan,
            limit: given.limit,
            overdraft: given.overdraft,
        });
        LicenseView {
            id: row.id.clone(),
            revision: row.revision,
            validity: validity(row, basis),
            not_before: row.not_before,
            expires: row.expires,
            pools: pools.collect(),
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
