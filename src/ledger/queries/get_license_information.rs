//! GetLicenseInformation: an administrator's license page.

use std::collections::BTreeSet;

use super::tenant_query::{QueryContext, TenantQuery};
use crate::ledger::model::command::GetLicenseInformation;
use crate::ledger::model::license::LicenseRow;
use crate::ledger::model::license_view::LicenseInformation;
use crate::ledger::model::outcome::Done;
use crate::ledger::model::time::WallTime;
use crate::ledger::state::budget::Budget;
use crate::ledger::state::limit_basis::LimitBasis;
use crate::ledger::state::tenant::Tenant;

impl TenantQuery for GetLicenseInformation {
    fn read(&self, tenant: &Tenant, ctx: &mut QueryContext) -> Option<Done<LicenseInformation>> {
        Some(Ok(tenant.license_information(ctx.basis, ctx.budget)))
    }
}

impl Tenant {
    fn license_information(&self, basis: LimitBasis, budget: &mut Budget) -> LicenseInformation {
        budget.spend_each(self.pools.iter().len(), 3 * Budget::READ);
        budget.spend_each(self.licenses.len(), 4);
        budget.spend_each(self.licenses.heads().iter().map(|row| row.terms.hosts.len()).sum(), 2 * Budget::READ);
        let in_force: Vec<&LicenseRow> = self.in_force(basis).collect();
        let shown = if in_force.is_empty() { self.licenses.heads().iter().collect() } else { in_force.clone() };
        let last = shown.iter().max_by_key(|row| (row.terms.issued, &row.id)).map(|row| &row.terms);
        let hosts: BTreeSet<_> = shown.iter().flat_map(|row| row.terms.hosts.iter().cloned()).collect();
        let ends: Option<Vec<_>> = in_force.iter().map(|row| row.expires).collect();
        let first = in_force.iter().filter_map(|row| row.expires).min();
        let until = |end: WallTime| end.since(basis.license_time);
        LicenseInformation {
            customer_id: last.map(|terms| terms.customer_id.clone()).unwrap_or_default(),
            registered_to: last.map(|terms| terms.registered_to.clone()).unwrap_or_default(),
            hosts: hosts.into_iter().collect(),
            given: self.entitlements(basis, budget),
            pools: self.pools.iter().map(|pool| self.usage(pool.no, basis)).collect(),
            first_end: first.map(until),
            last_end: ends.and_then(|ends| ends.into_iter().max()).map(until),
            updated: self.licenses.iter().map(|row| row.changed).max().map(|tick| basis.now.wall_of(tick)),
            fetch: self.license_fetch.as_deref().cloned(),
        }
    }
}
