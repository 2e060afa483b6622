//! Queries: single resources, and pages of lists.

use std::ops::Bound;

use crate::ids::{OrganizationNo, TenantId};
use crate::ledger::model::access::Tenants;
use crate::ledger::model::command::{
    Cursor, ListOrganizations, ListTenants, OrganizationOrder, Page, Query, QueryResult,
};
use crate::ledger::model::outcome::{LicenseState, Notice, OrganizationView, Refusal, Status, TenantUsage, TenantView};
use crate::ledger::model::time::Moment;
use crate::ledger::state::budget::Budget;
use crate::ledger::state::entitlement;
use crate::ledger::state::ledger::Ledger;
use crate::ledger::state::limit_basis::LimitBasis;
use crate::ledger::state::search::Finder;
use crate::ledger::state::tenant::Tenant;
use crate::ledger::state::walk::{Cut, Key, Walk, Weight};

/// A query in progress. A long list takes several steps, between which the ledger may change.
#[derive(Debug, Clone)]
pub struct Reading {
    tenant: Option<TenantId>,
    query: Query,
    walk: Walk,
}

impl Reading {
    /// `tenant`: `None` for lists of a shard's tenants and of the installation's tokens.
    #[must_use]
    pub fn new(tenant: Option<TenantId>, query: Query) -> Self {
        Self { tenant, query, walk: Walk::default() }
    }

    /// Tenant of the query.
    #[must_use]
    pub fn tenant(&self) -> Option<&TenantId> {
        self.tenant.as_ref()
    }
}

impl Ledger {
    /// Answers a query at `now`, with all its steps. Changes nothing that anybody can see.
    pub fn query(&mut self, id: Option<&TenantId>, query: Query, now: Moment) -> QueryResult {
        let mut reading = Reading::new(id.cloned(), query);
        loop {
            if let Some(found) = self.read(&mut reading, now) {
                return found;
            }
        }
    }

    /// Takes one step of a query. Returns `None` if there are more. The answer shows the state at the last step.
    pub fn read(&mut self, reading: &mut Reading, now: Moment) -> Option<QueryResult> {
        if let Some(tenant) = &reading.tenant {
            self.resolve_former_id(tenant, &mut reading.query);
        }
        let mut budget = std::mem::take(&mut self.budget);
        budget.begin();
        let found = self.read_step(reading, now, &mut budget);
        self.budget = budget;
        found
    }

    fn read_step(&mut self, reading: &mut Reading, now: Moment, budget: &mut Budget) -> Option<QueryResult> {
        let basis = self.limit_basis(now);
        let Reading { tenant: id, query, walk } = reading;
        let mut tenant = match id {
            Some(id) => self.tenant(id),
            None => Err(Refusal::not_found("tenant", "")),
        };
        if let Ok(tenant) = &mut tenant
            && !tenant.mark_idle(now.tick, budget)
        {
            return None;
        }
        Some(match query {
            Query::ListTenants(query) => QueryResult::ListTenants(self.list_tenants(query, walk, now, budget)?),
            Query::GetTenant(_) => QueryResult::GetTenant(tenant.map(|tenant| tenant.view(now))),
            Query::ListNotifications(query) => match tenant {
                Ok(tenant) => QueryResult::ListNotifications(Ok(tenant.list_notifications(query, walk, now, budget)?)),
                Err(refusal) => QueryResult::ListNotifications(Err(refusal)),
            },
            Query::DueNotifications(query) => QueryResult::DueNotifications(self.due(query, now)),
            Query::DueFetches(query) => QueryResult::DueFetches(self.due_fetches(query, now, budget)),
            Query::ListTokens(query) => QueryResult::ListTokens(self.list_tokens(query, walk, now, budget)?),
            Query::AllTokens(_) => QueryResult::AllTokens(self.all_tokens(budget)),
            Query::GetUsage(_) => QueryResult::GetUsage(tenant.map(|tenant| tenant.whole_usage(basis, budget))),
            Query::GetUser(query) => QueryResult::GetUser(tenant.and_then(|tenant| {
                let no = tenant.known_user(&query.user)?;
                budget.spend(super::list_users::weight(tenant.users.get(no)).work());
                let organization = tenant.wanted_organization(query.organization.as_ref());
                Ok(tenant.user_view_in(no, &organization, basis))
            })),
            Query::FormerIds(query) => {
                let no = tenant.map(|tenant| tenant.no);
                QueryResult::FormerIds(no.map(|no| self.former_ids(no, &query.user)))
            }
            Query::ListSessions(query) => match tenant {
                Ok(tenant) => QueryResult::ListSessions(Ok(tenant.list_sessions(query, walk, basis, budget)?)),
                Err(refusal) => QueryResult::ListSessions(Err(refusal)),
            },
            Query::ListUsers(query) => match tenant {
                Ok(tenant) => QueryResult::ListUsers(Ok(tenant.list_users(query, walk, basis, budget)?)),
                Err(refusal) => QueryResult::ListUsers(Err(refusal)),
            },
            Query::ListLicenses(query) => {
                QueryResult::ListLicenses(tenant.map(|tenant| tenant.list_licenses(query, basis, budget)))
            }
            Query::GetLicenseInformation(_) => {
                QueryResult::GetLicenseInformation(tenant.map(|tenant| tenant.license_information(basis, budget)))
            }
            Query::GetEntitlements(_) => {
                QueryResult::GetEntitlements(tenant.map(|tenant| tenant.entitlements(basis, budget)))
            }
            Query::ListOrganizations(query) => match tenant {
                Ok(tenant) => QueryResult::ListOrganizations(Ok(tenant.list_organizations(query, walk, now, budget)?)),
                Err(refusal) => QueryResult::ListOrganizations(Err(refusal)),
            },
        })
    }

    /// Returns `None` if there are more steps to take.
    fn list_tenants(
        &self,
        query: &ListTenants,
        walk: &mut Walk,
        now: Moment,
        budget: &mut Budget,
    ) -> Option<Page<TenantView>> {
        let cut = Cut::new(query.after.as_ref(), false, query.limit);
        let mut finder = Finder::new(std::slice::from_ref(&query.text));
        let at = |no: u32| self.tenants[no as usize].as_deref();
        // A caller who is authorized for a few tenants gets only these.
        let rows = match &query.among {
            Tenants::All => self.tenants.len(),
            Tenants::Only(ids) => ids.len(),
        };
        let rows = u32::try_from(rows).expect("fewer than 2^32 tenants");
        while let Some(row) = walk.next_row(rows, budget) {
            let no = match &query.among {
                Tenants::All => Some(row),
                Tenants::Only(ids) => {
                    budget.spend(2 * Budget::READ);
                    let last = walk.last.as_deref().map(TenantId::stored);
                    let from = last.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
                    let id = ids.range::<TenantId, _>((from, Bound::Unbounded)).next();
                    walk.last = id.map(|id| id.as_str().to_owned());
                    id.and_then(|id| self.by_id.get(id)).map(|no| no.0)
                }
            };
            let Some((no, tenant)) = no.and_then(|no| Some((no, at(no)?))) else { continue };
            budget.spend(Budget::READ);
            let key = Key { when: 0, name: &[], id: tenant.id.as_str() };
            let texts = [tenant.id.as_str(), &tenant.display_name, &tenant.contact];
            let state = query.state.is_none_or(|state| state == tenant.state);
            if state && walk.takes(cut, key) && finder.is_in(&texts, budget) {
                walk.take(cut, key, no, budget);
            }
        }
        (walk.is_through(rows) && walk.is_ready(budget)).then(|| {
            let weight = |tenant: &Tenant| Weight::new(800 + tenant.display_name.len() + tenant.contact.len(), 0);
            let weigh = |key: &Cursor, no| at(no).filter(|tenant| tenant.id.as_str() == key.id).map(weight);
            walk.page(cut, budget, weigh, |_, no| at(no).expect("a tenant that was weighed").view(now))
        })
    }
}

impl Tenant {
    fn whole_usage(&self, basis: LimitBasis, budget: &mut Budget) -> TenantUsage {
        budget.spend_each(self.pools.iter().len(), 3 * Budget::READ);
        budget.spend_each(self.licenses.len(), 4);
        let pools: Vec<_> = self.pools.iter().map(|pool| self.usage(pool.no, basis)).collect();
        let license = entitlement::state(self.licenses.heads(), basis.license_time);
        let mut notices = match license {
            LicenseState::Demo => vec![Notice::DemoMode],
            // As a check-out would be denied.
            LicenseState::Expired
                if entitlement::is_suspect(self.licenses.heads(), basis.license_time, basis.now.wall) =>
            {
                vec![Notice::ClockSuspect]
            }
            LicenseState::Expired => vec![Notice::LicenseExpired],
            LicenseState::Valid | LicenseState::NotYetValid => Vec::new(),
        };
        for usage in &pools {
            let no = self.pools.find(&usage.pool).expect("a pool just read");
            for notice in self.notices(no, usage, basis) {
                if !notices.contains(&notice) {
                    notices.push(notice);
                }
            }
        }
        TenantUsage { pools, users: self.user_totals(), license, notices }
    }

    /// Returns `None` if there are more steps to take.
    fn list_organizations(
        &self,
        query: &ListOrganizations,
        walk: &mut Walk,
        now: Moment,
        budget: &mut Budget,
    ) -> Option<Page<OrganizationView>> {
        let cut = Cut::new(query.after.as_ref(), query.descending, query.limit);
        let mut finder = Finder::new(std::slice::from_ref(&query.text));
        let rows = self.organizations.numbers_given();
        while let Some(no) = walk.next_row(rows, budget) {
            let Some((sort_key, row)) = self.organizations.known(OrganizationNo(no)) else { continue };
            budget.spend(Budget::READ);
            let name = match query.order {
                OrganizationOrder::DisplayName => sort_key,
                OrganizationOrder::OrganizationId => &[],
            };
            let key = Key { when: 0, name, id: row.id.as_str() };
            if walk.takes(cut, key) && finder.is_in(&[row.id.as_str(), &row.display_name], budget) {
                walk.take(cut, key, no, budget);
            }
        }
        (walk.is_through(rows) && walk.is_ready(budget)).then(|| {
            let at = |no| self.organizations.known(OrganizationNo(no)).map(|(_, row)| row);
            let weigh = |_: &Cursor, no| at(no).map(|row| Weight::new(row.display_name.len(), 2));
            walk.page(cut, budget, weigh, |_, no| {
                crate::ledger::state::organization::view(at(no).expect("one that was weighed"), now)
            })
        })
    }
}

/// Away is a part of Active (R23).
pub(in crate::ledger) fn has(wanted: &[Status], status: Status) -> bool {
    wanted.contains(&status) || (status == Status::Away && wanted.contains(&Status::Active))
}
