//! ListLicenses: the licenses of a tenant, with their kept revisions.

use super::tenant_query::{QueryContext, TenantQuery};
use crate::ledger::model::command::{Cursor, ListLicenses, Page};
use crate::ledger::model::license::{LicenseRow, Standing};
use crate::ledger::model::license_view::LicenseView;
use crate::ledger::model::outcome::Done;
use crate::ledger::state::budget::Budget;
use crate::ledger::state::limit_basis::LimitBasis;
use crate::ledger::state::tenant::Tenant;
use crate::ledger::state::walk::{Cut, Key, Walk, Weight};

impl TenantQuery for ListLicenses {
    fn read(&self, tenant: &Tenant, ctx: &mut QueryContext) -> Option<Done<Page<LicenseView>>> {
        Some(Ok(tenant.list_licenses(self, ctx.basis, ctx.budget)))
    }
}

impl Tenant {
    /// Sorted by id, newest revision first. Deleted licenses are only remembered, and not listed.
    fn list_licenses(&self, query: &ListLicenses, basis: LimitBasis, budget: &mut Budget) -> Page<LicenseView> {
        let shown = self.licenses.iter().filter(|row| row.standing != Standing::Deleted);
        let rows: Vec<&LicenseRow> = shown.collect();
        let cut = Cut::new(query.after.as_ref(), false, query.limit);
        let mut walk = Walk::default();
        for (no, row) in (0..).zip(&rows) {
            budget.spend(Budget::READ);
            let newest = format!("{:020}", u64::MAX - row.revision);
            let key = Key { when: 0, name: row.id.as_str().as_bytes(), id: &newest };
            if walk.takes(cut, key) {
                walk.take(cut, key, no, budget);
            }
        }
        let weigh = |_: &Cursor, no: u32| Some(weight(rows[no as usize]));
        walk.page(cut, budget, weigh, |_, no| self.license_view(rows[no as usize], basis))
    }
}

/// Weight of a license in a page.
fn weight(row: &LicenseRow) -> Weight {
    let terms = &row.terms;
    let texts = terms.features.iter().chain(&terms.hosts).chain(terms.limits.iter().map(|(name, _)| name));
    let named: usize = texts.map(|text| text.len() + 20).sum();
    Weight::new(named + terms.document.len() + 400, 2 * row.entitlements.len())
}
