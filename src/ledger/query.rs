//! What is read: single things, and pages. Keyset pagination: a page starts behind the last row of the one
//! before, by the sort key and the id, so rows that come and go move nobody else.

use super::Ledger;
use super::command::{
    Cursor, Found, ListOrganizations, ListSessions, ListTenants, ListUsers, OrganizationOrder, Page, Query,
    SessionOrder, UserOrder,
};
use super::entitlement;
use super::outcome::{
    Done, LicenseState, Notice, OrganizationView, Refusal, SessionView, Status, TenantUsage, TenantView, UserTotals,
    UserView,
};
use super::tenant::Tenant;
use super::time::Moment;
use super::usage::Sight;
use super::user::User;
use crate::ids::{OrganizationNo, PoolNo, TenantId, UserNo};

impl Ledger {
    /// Answers a query at `now`. Changes nothing that anybody could see.
    pub fn query(&mut self, id: Option<&TenantId>, query: Query, now: Moment) -> Found {
        let sight = self.sight(now);
        let mut tenant = match id {
            Some(id) => self.tenant(id),
            None => Err(Refusal::not_found("tenant", "")),
        };
        if let Ok(tenant) = &mut tenant {
            tenant.settle(now.tick);
        }
        match query {
            Query::ListTenants(ask) => Found::ListTenants(self.list_tenants(&ask, now)),
            Query::GetTenant(_) => Found::GetTenant(tenant.map(|tenant| tenant.view(now))),
            Query::GetUsage(_) => Found::GetUsage(tenant.map(|tenant| tenant.whole_usage(sight))),
            Query::GetUser(ask) => Found::GetUser(tenant.and_then(|tenant| {
                let no = tenant.known_user(&ask.user)?;
                Ok(tenant.user_view(no, sight))
            })),
            Query::ListSessions(ask) => {
                Found::ListSessions(tenant.and_then(|tenant| tenant.list_sessions(&ask, sight)))
            }
            Query::ListUsers(ask) => Found::ListUsers(tenant.and_then(|tenant| tenant.list_users(&ask, sight))),
            Query::ListLicenses(ask) => Found::ListLicenses(tenant.map(|tenant| tenant.list_licenses(&ask, sight))),
            Query::GetLicenseInformation(_) => {
                Found::GetLicenseInformation(tenant.map(|tenant| tenant.license_information(sight)))
            }
            Query::GetEntitlements(_) => Found::GetEntitlements(tenant.map(|tenant| tenant.entitlements(sight))),
            Query::ListOrganizations(ask) => {
                Found::ListOrganizations(tenant.map(|tenant| tenant.list_organizations(&ask, now)))
            }
        }
    }

    fn list_tenants(&self, ask: &ListTenants, now: Moment) -> Page<TenantView> {
        let tenants = self.tenants.iter().flatten().filter(|tenant| {
            let texts = [tenant.id.as_str(), &tenant.display_name, &tenant.contact];
            ask.state.is_none_or(|state| state == tenant.state) && any_contains(&texts, &ask.text)
        });
        let keyed = tenants.map(|tenant| (Key { when: 0, name: "", id: tenant.id.as_str() }, tenant));
        page(keyed, ask.after.as_ref(), false, ask.limit, |tenant| tenant.view(now))
    }
}

/// A row's place in an order, borrowed; [`Cursor`] is the same, owned.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key<'a> {
    pub when: u64,
    pub name: &'a str,
    pub id: &'a str,
}

/// Cuts one page out of rows in any order. Costs one pass and a sort of the page.
pub(super) fn page<'a, R, T>(
    rows: impl Iterator<Item = (Key<'a>, R)>,
    after: Option<&Cursor>,
    descending: bool,
    limit: usize,
    mut view: impl FnMut(R) -> T,
) -> Page<T> {
    let after = after.map(|cursor| Key { when: cursor.when, name: &cursor.name, id: &cursor.id });
    let behind = |key: &Key| after.is_none_or(|after| if descending { *key < after } else { *key > after });
    let mut rows: Vec<(Key<'a>, R)> = rows.filter(|(key, _)| behind(key)).collect();
    let order = |a: &(Key, R), b: &(Key, R)| if descending { b.0.cmp(&a.0) } else { a.0.cmp(&b.0) };
    let more = rows.len() > limit;
    if more && limit > 0 {
        rows.select_nth_unstable_by(limit - 1, order);
    }
    rows.truncate(limit);
    rows.sort_unstable_by(order);
    let last = rows.last().filter(|_| more).map(|(key, _)| Cursor {
        when: key.when,
        name: key.name.to_owned(),
        id: key.id.to_owned(),
    });
    Page { rows: rows.into_iter().map(|(_, row)| view(row)).collect(), next: last }
}

/// A filter that names something: `None` matches everything, an unknown name nothing.
enum Wanted<T> {
    Any,
    Only(T),
    Nothing,
}

impl<T: PartialEq> Wanted<T> {
    fn of(named: bool, found: Option<T>) -> Self {
        match (named, found) {
            (false, _) => Wanted::Any,
            (true, Some(found)) => Wanted::Only(found),
            (true, None) => Wanted::Nothing,
        }
    }

    fn matches(&self, value: Option<T>) -> bool {
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

    fn list_sessions(&mut self, ask: &ListSessions, sight: Sight) -> Done<Page<SessionView>> {
        let pool = Wanted::of(ask.pool.is_some(), ask.pool.as_ref().and_then(|id| self.pools.find(id)));
        let user = Wanted::of(ask.user.is_some(), ask.user.as_ref().and_then(|id| self.users.find(id)));
        let organization = self.wanted_organization(ask.organization.as_ref());
        let now = sight.now;
        let ids: Vec<(u32, String)> = self
            .sessions
            .iter()
            .filter(|(_, session)| session.is_live())
            .filter(|(_, session)| pool.matches(Some(session.pool)) && user.matches(Some(session.user)))
            .filter(|(_, session)| organization.matches(session.organization))
            .filter(|(_, session)| {
                ask.statuses.is_empty() || has(&ask.statuses, self.status(self.users.get(session.user), now.tick))
            })
            .map(|(slot, session)| (slot, session.id.to_string()))
            .collect();
        let keyed = ids.iter().map(|(slot, id)| {
            let session = self.sessions.get(*slot);
            let (when, name) = match ask.order {
                SessionOrder::LastActivity => (session.last_activity.0, ""),
                SessionOrder::Started => (session.started.0, ""),
                SessionOrder::User => (0, self.users.get(session.user).id.as_str()),
            };
            (Key { when, name, id }, session)
        });
        Ok(page(keyed, ask.after.as_ref(), ask.descending, ask.limit, |session| self.session_view(session, now)))
    }

    fn wanted_organization(&self, id: Option<&crate::ids::OrganizationId>) -> Wanted<OrganizationNo> {
        Wanted::of(id.is_some(), id.and_then(|id| self.organizations.find(id)))
    }

    fn list_users(&mut self, ask: &ListUsers, sight: Sight) -> Done<Page<UserView>> {
        let pool = Wanted::of(ask.pool.is_some(), ask.pool.as_ref().and_then(|id| self.pools.find(id)));
        let organization = self.wanted_organization(ask.organization.as_ref());
        let matching = self.users.iter().filter(|user| self.matches(user, ask, &pool, &organization, sight));
        let names: Vec<(&User, String)> = matching
            .map(|user| {
                let by_name = ask.order == UserOrder::Name;
                (user, if by_name { sort_name(user) } else { String::new() })
            })
            .collect();
        let keyed = names.iter().map(|(user, name)| {
            let when = match ask.order {
                UserOrder::LastSignIn => user.last_sign_in.map_or(0, |tick| tick.0),
                UserOrder::UserId | UserOrder::Name => 0,
            };
            (Key { when, name, id: user.id.as_str() }, user.no)
        });
        let Page { rows, next } = page(keyed, ask.after.as_ref(), ask.descending, ask.limit, |no: UserNo| no);
        Ok(Page { rows: rows.into_iter().map(|no| self.user_view(no, sight)).collect(), next })
    }

    fn matches(
        &self,
        user: &User,
        ask: &ListUsers,
        pool: &Wanted<PoolNo>,
        organization: &Wanted<OrganizationNo>,
        sight: Sight,
    ) -> bool {
        let seats = || user.seats.iter().filter(|seat| pool.matches(Some(seat.pool)));
        let pool_fits = matches!(pool, Wanted::Any) || seats().next().is_some();
        let organization_fits = match organization {
            Wanted::Any => true,
            Wanted::Only(no) => seats().any(|seat| self.organizations.allows(&seat.access, *no)),
            Wanted::Nothing => false,
        };
        pool_fits
            && organization_fits
            && ask.blocked.is_none_or(|blocked| blocked == user.blocked.is_some())
            && ask.administrator.is_none_or(|administrator| administrator == user.administrator)
            && (!ask.never_signed_in || user.last_sign_in.is_none())
            && (ask.statuses.is_empty() || has(&ask.statuses, self.status(user, sight.now.tick)))
            && ask.group.as_ref().is_none_or(|group| in_group(user, group))
            && has_words(user, ask)
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
        page(keyed, ask.after.as_ref(), ask.descending, ask.limit, |row| super::organization::view(row, now))
    }
}

/// Whether one of the texts contains `wanted`, which is in lower case.
fn any_contains(texts: &[&str], wanted: &str) -> bool {
    wanted.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(wanted))
}

/// Away is a part of Active (R23).
fn has(wanted: &[Status], status: Status) -> bool {
    wanted.contains(&status) || (status == Status::Away && wanted.contains(&Status::Active))
}

fn in_group(user: &User, group: &str) -> bool {
    user.profile.as_ref().is_some_and(|profile| profile.groups.iter().any(|name| **name == *group))
}

fn sort_name(user: &User) -> String {
    let (family, given) = user.profile.as_ref().map_or(("", ""), |known| (&known.family_name, &known.given_name));
    format!("{family}\u{1}{given}").to_lowercase()
}

/// Words are looked for in the id and the names, without case.
fn has_words(user: &User, ask: &ListUsers) -> bool {
    if ask.words.is_empty() {
        return true;
    }
    let mut text = user.id.as_str().to_owned();
    if let Some(profile) = &user.profile {
        text.extend(["\n", &profile.given_name, "\n", &profile.family_name]);
        text = text.to_lowercase();
    }
    let found = |word: &String| text.contains(word.as_str());
    if ask.any_word { ask.words.iter().any(found) } else { ask.words.iter().all(found) }
}
