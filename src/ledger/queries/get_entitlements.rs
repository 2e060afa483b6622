//! GetEntitlements: what applications may know of a tenant's licenses.

use std::collections::{BTreeMap, BTreeSet};

use super::tenant_query::{QueryContext, TenantQuery};
use crate::ledger::model::change::Limit;
use crate::ledger::model::command::GetEntitlements;
use crate::ledger::model::license::LicenseRow;
use crate::ledger::model::license_view::Entitlements;
use crate::ledger::model::outcome::Done;
use crate::ledger::state::budget::Budget;
use crate::ledger::state::entitlement::{self, Force, force};
use crate::ledger::state::limit_basis::LimitBasis;
use crate::ledger::state::tenant::Tenant;

impl TenantQuery for GetEntitlements {
    fn read(&self, tenant: &Tenant, ctx: &mut QueryContext) -> Option<Done<Entitlements>> {
        Some(Ok(tenant.entitlements(ctx.basis, ctx.budget)))
    }
}

impl Tenant {
    pub fn entitlements(&self, basis: LimitBasis, budget: &mut Budget) -> Entitlements {
        let named = self.in_force(basis).map(|row| row.terms.features.len() + row.terms.limits.len());
        budget.spend_each(named.sum(), 2 * Budget::READ);
        let mut tier = None;
        let mut features = BTreeSet::new();
        let mut limits: BTreeMap<Box<str>, Limit> = BTreeMap::new();
        for row in self.in_force(basis) {
            tier = tier.max(row.terms.tier);
            features.extend(row.terms.features.iter().cloned());
            for (name, limit) in &row.terms.limits {
                let sum = limits.entry(name.clone()).or_insert(Limit::Seats(0));
                *sum = sum.plus(*limit);
            }
        }
        Entitlements {
            state: entitlement::state(self.licenses.heads(), basis.license_time),
            tier,
            features: features.into_iter().collect(),
            limits: limits.into_iter().collect(),
        }
    }

    /// The licenses that are in force.
    pub fn in_force(&self, basis: LimitBasis) -> impl Iterator<Item = &LicenseRow> {
        self.licenses.heads().iter().filter(move |row| force(row, basis.license_time) == Force::Holds)
    }
}
