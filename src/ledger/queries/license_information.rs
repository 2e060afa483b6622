//! Queries about licenses: the list, an administrator's license page, and what applications may know.

use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::model::change::Limit;
use crate::ledger::model::command::{Cursor, ListLicenses, Page};
use crate::ledger::model::license::{LicenseRow, Standing};
use crate::ledger::model::license_view::{Entitlements, LicenseInformation, LicenseView, Validity};
use crate::ledger::state::budget::Budget;
use crate::ledger::state::entitlement::{self, Force, force};
use crate::ledger::state::limit_basis::LimitBasis;
use crate::ledger::state::tenant::Tenant;
use crate::ledger::state::walk::{Cut, Key, Walk, Weight};

impl Tenant {
    /// Sorted by id, newest revision first. Deleted licenses are only remembered, and not listed.
    pub fn list_licenses(&self, query: &ListLicenses, basis: LimitBasis, budget: &mut Budget) -> Page<LicenseView> {
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

    pub fn license_information(&self, basis: LimitBasis, budget: &mut Budget) -> LicenseInformation {
        budget.spend_each(self.pools.iter().len(), 3 * Budget::READ);
        budget.spend_each(self.licenses.len(), 4);
        budget.spend_each(self.licenses.heads().iter().map(|row| row.terms.hosts.len()).sum(), 2 * Budget::READ);
        let in_force: Vec<&LicenseRow> = self.in_force(basis).collect();
        let shown = if in_force.is_empty() { self.licenses.heads().iter().collect() } else { in_force.clone() };
        let last = shown.iter().max_by_key(|row| (row.terms.issued, &row.id)).map(|row| &row.terms);
        let hosts: BTreeSet<_> = shown.iter().flat_map(|row| row.terms.hosts.iter().cloned()).collect();
        let ends: Option<Vec<_>> = in_force.iter().map(|row| row.expires).collect();
        let first = in_force.iter().filter_map(|row| row.expires).min();
        let until = |end: crate::ledger::model::time::WallTime| end.since(basis.license_time);
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

    fn in_force(&self, basis: LimitBasis) -> impl Iterator<Item = &LicenseRow> {
        self.licenses.heads().iter().filter(move |row| force(row, basis.license_time) == Force::Holds)
    }
}

/// Weight of a license in a page.
fn weight(row: &LicenseRow) -> Weight {
    let terms = &row.terms;
    let texts = terms.features.iter().chain(&terms.hosts).chain(terms.limits.iter().map(|(name, _)| name));
    let named: usize = texts.map(|text| text.len() + 20).sum();
    Weight::new(named + terms.document.len() + 400, 2 * row.entitlements.len())
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
