//! What is read: single things, and pages.

use super::Ledger;
use super::budget::Budget;
use super::command::{Found, ListOrganizations, ListTenants, OrganizationOrder, Page, Query};
use super::entitlement;
use super::outcome::{LicenseState, Notice, OrganizationView, Refusal, Status, TenantUsage, TenantView, UserTotals};
use super::search::contains;
use super::tenant::Tenant;
use super::time::Moment;
use super::usage::Sight;
use super::walk::{Cut, Key, Walk, page};
use crate::ids::{OrganizationId, OrganizationNo, TenantId};

/// A query under way: long lists are read in steps, between which the ledger may change.
#[derive(Debug, Clone)]
pub struct Reading {
    tenant: Option<TenantId>,
    query: Query,
    walk: Walk,
}

impl Reading {
    /// `tenant`: none is needed to list a shard's tenants, or the installation's tokens.
    #[must_use]
    pub fn new(tenant: Option<TenantId>, query: Query) -> Self {
        Self { tenant, query, walk: Walk::default() }
    }

    /// Whom it is about.
    #[must_use]
    pub fn tenant(&self) -> Option<&TenantId> {
        self.tenant.as_ref()
    }
}

impl Ledger {
    /// Answers a query at `now`, in one go. Changes nothing that anybody could see.
    pub fn query(&mut self, id: Option<&TenantId>, query: Query, now: Moment) -> Found {
        let mut reading = Reading::new(id.cloned(), query);
        loop {
            if let Some(found) = self.read(&mut reading, now) {
                return found;
            }
        }
    }

    /// Takes one step of a query; `None`: there are more to take. An answer shows what is at its last step.
    pub fn read(&mut self, reading: &mut Reading, now: Moment) -> Option<Found> {
        let mut budget = std::mem::take(&mut self.budget);
        budget.begin();
        let found = self.read_step(reading, now, &mut budget);
        self.budget = budget;
        found
    }

    fn read_step(&mut self, reading: &mut Reading, now: Moment, budget: &mut Budget) -> Option<Found> {
        let sight = self.sight(now);
        let Reading { tenant: id, query, walk } = reading;
        let mut tenant = match id {
            Some(id) => self.tenant(id),
            None => Err(Refusal::not_found("tenant", "")),
        };
        if let Ok(tenant) = &mut tenant {
            tenant.settle(now.tick);
        }
        Some(match query {
            Query::ListTenants(ask) => Found::ListTenants(self.list_tenants(ask, now)),
            Query::GetTenant(_) => Found::GetTenant(tenant.map(|tenant| tenant.view(now))),
            Query::ListNotifications(ask) => {
                Found::ListNotifications(tenant.map(|tenant| tenant.list_notifications(ask, now)))
            }
            Query::DueNotifications(ask) => Found::DueNotifications(self.due(ask, now)),
            Query::ListTokens(ask) => Found::ListTokens(self.list_tokens(ask, now)),
            Query::AllTokens(_) => Found::AllTokens(self.all_tokens()),
            Query::GetUsage(_) => Found::GetUsage(tenant.map(|tenant| tenant.whole_usage(sight))),
            Query::GetUser(ask) => Found::GetUser(tenant.and_then(|tenant| {
                let no = tenant.known_user(&ask.user)?;
                Ok(tenant.user_view(no, sight))
            })),
            Query::ListSessions(ask) => match tenant {
                Ok(tenant) => Found::ListSessions(Ok(tenant.list_sessions(ask, walk, sight, budget)?)),
                Err(refusal) => Found::ListSessions(Err(refusal)),
            },
            Query::ListUsers(ask) => match tenant {
                Ok(tenant) => Found::ListUsers(Ok(tenant.list_users(ask, walk, sight, budget)?)),
                Err(refusal) => Found::ListUsers(Err(refusal)),
            },
            Query::ListLicenses(ask) => Found::ListLicenses(tenant.map(|tenant| tenant.list_licenses(ask, sight))),
            Query::GetLicenseInformation(_) => {
                Found::GetLicenseInformation(tenant.map(|tenant| tenant.license_information(sight)))
            }
            Query::GetEntitlements(_) => Found::GetEntitlements(tenant.map(|tenant| tenant.entitlements(sight))),
            Query::ListOrganizations(ask) => {
                Found::ListOrganizations(tenant.map(|tenant| tenant.list_organizations(ask, now)))
            }
        })
    }

    fn list_tenants(&self, ask: &ListTenants, now: Moment) -> Page<TenantView> {
        let tenants = self.tenants.iter().flatten().filter(|tenant| {
            let texts = [tenant.id.as_str(), &tenant.display_name, &tenant.contact];
            ask.among.has(&tenant.id)
                && ask.state.is_none_or(|state| state == tenant.state)
                && any_contains(&texts, &ask.text)
        });
        let keyed = tenants.map(|tenant| (Key { when: 0, name: "", id: tenant.id.as_str() }, tenant.as_ref()));
        page(keyed, Cut::new(ask.after.as_ref(), false, ask.limit), |tenant| tenant.view(now))
    }
}

/// A filter that names something: `None` matches everything, an unknown name nothing.
pub(super) enum Wanted<T> {
    Any,
    Only(T),
    Nothing,
}

impl<T: PartialEq> Wanted<T> {
    pub fn of(named: bool, found: Option<T>) -> Self {
        match (named, found) {
            (false, _) => Wanted::Any,
            (true, Some(found)) => Wanted::Only(found),
            (true, None) => Wanted::Nothing,
        }
    }

    pub fn matches(&self, value: Option<T>) -> bool {
        match self {
            Wanted::Any => true,
            Wanted::Only(wanted) => value.as_ref() == Some(wanted),
            Wanted::Nothing => false,
        }
    }
}

impl Tenant {
    fn whole_usage(&mut self, sight: Sight) -> TenantUsage {
        let pools: Vec<_> = self.pools.iter().map(|pool| self.usage(pool.no, sight)).collect();
        let license = entitlement::state(self.licenses.heads(), sight.license_time);
        let mut notices = match license {
            LicenseState::Demo => vec![Notice::DemoMode],
            LicenseState::Expired => vec![Notice::LicenseExpired],
            LicenseState::Valid | LicenseState::NotYetValid => Vec::new(),
        };
        for usage in &pools {
            let no = self.pools.find(&usage.pool).expect("a pool just read");
            for notice in self.notices(no, usage, sight) {
                if !notices.contains(&notice) {
                    notices.push(notice);
                }
            }
        }
        let total = self.users.len() as u64;
        TenantUsage {
            pools,
            users: UserTotals {
                total,
                active: total - self.blocked,
                blocked: self.blocked,
                administrators: self.administrators,
            },
            license,
            notices,
        }
    }

    pub fn wanted_organization(&self, id: Option<&OrganizationId>) -> Wanted<OrganizationNo> {
        Wanted::of(id.is_some(), id.and_then(|id| self.organizations.find(id)))
    }

    fn list_organizations(&self, ask: &ListOrganizations, now: Moment) -> Page<OrganizationView> {
        let rows = self.organizations.iter();
        let rows = rows.filter(|(_, row)| any_contains(&[row.id.as_str(), &row.display_name], &ask.text));
        let keyed = rows.map(|(sort_name, row)| {
            let name = match ask.order {
                OrganizationOrder::DisplayName => sort_name,
                OrganizationOrder::OrganizationId => "",
            };
            (Key { when: 0, name, id: row.id.as_str() }, row)
        });
        let cut = Cut::new(ask.after.as_ref(), ask.descending, ask.limit);
        page(keyed, cut, |row| super::organization::view(row, now))
    }
}

/// Whether one of the texts contains `wanted`, which is folded.
fn any_contains(texts: &[&str], wanted: &str) -> bool {
    wanted.is_empty() || texts.iter().any(|text| contains(text, wanted))
}

/// Away is a part of Active (R23).
pub(super) fn has(wanted: &[Status], status: Status) -> bool {
    wanted.contains(&status) || (status == Status::Away && wanted.contains(&Status::Active))
}
