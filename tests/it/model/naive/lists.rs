//! The answers of queries: whole lists, sorted; the caller divides them into pages.

use std::cmp::Ordering;

use icu_collator::CollatorBorrowed;
use icu_collator::options::{CollatorOptions, Strength};
use icu_normalizer::DecomposingNormalizerBorrowed;
use usher::ids::{OrganizationId, TenantId, UserId};
use usher::ledger::Totals;
use usher::ledger::access::Tenants;
use usher::ledger::change::Limit;
use usher::ledger::command::{
    FormerIds, GetUser, ListOrganizations, ListSessions, ListTenants, ListUsers, OrganizationOrder, SessionOrder,
    UserOrder,
};
use usher::ledger::former_id::MAX_FORMER_IDS;
use usher::ledger::outcome::{
    Done, LicenseState, Notice, OrganizationView, PoolUsage, SessionView, Status, TenantUsage, TenantView, UserTotals,
    UserView,
};
use usher::ledger::time::Moment;

use super::{Model, Tenant, missing};

impl Model {
    pub fn list_sessions(&self, id: &TenantId, query: &ListSessions, now: Moment) -> Done<Vec<SessionView>> {
        let tenant = &self.tenants[self.find(id)?];
        let glance = self.glance(now);
        let views = tenant.sessions.iter().map(|session| tenant.session_view(session, &glance));
        let mut rows: Vec<SessionView> = views.filter(|view| passes(view, query)).collect();
        rows.sort_by(|a, b| {
            match query.order {
                SessionOrder::LastActivity => a.last_activity.cmp(&b.last_activity),
                SessionOrder::Started => a.started.cmp(&b.started),
                SessionOrder::User => alphabetically(a.user.as_str(), b.user.as_str()),
            }
            .then(a.id.cmp(&b.id))
        });
        if query.descending {
            rows.reverse();
        }
        Ok(rows)
    }

    pub fn list_users(&self, id: &TenantId, query: &ListUsers, now: Moment) -> Done<Vec<UserView>> {
        let tenant = &self.tenants[self.find(id)?];
        let glance = self.glance(now);
        let views = tenant.users.iter().map(|user| tenant.user_view_in(user, query.organization.as_ref(), &glance));
        let mut rows: Vec<UserView> = views.filter(|view| tenant.lists(view, query)).collect();
        rows.sort_by(|a, b| {
            let name = |view: &UserView| match (&*view.profile.family_name, &*view.profile.given_name) {
                ("", "") => String::new(),
                (family, given) => format!("{family}\u{fffe}{given}"),
            };
            match query.order {
                UserOrder::LastSignIn => a.last_sign_in.cmp(&b.last_sign_in),
                UserOrder::UserId => alphabetically(a.id.as_str(), b.id.as_str()),
                UserOrder::Name => alphabetically(&name(a), &name(b)),
                UserOrder::Created => unreachable!("not query for"),
            }
            .then(a.id.cmp(&b.id))
        });
        if query.descending {
            rows.reverse();
        }
        Ok(rows)
    }

    pub fn list_organizations(
        &self,
        id: &TenantId,
        query: &ListOrganizations,
        now: Moment,
    ) -> Done<Vec<OrganizationView>> {
        let tenant = &self.tenants[self.find(id)?];
        let mut rows: Vec<_> = tenant.organizations.iter().map(|organization| organization.view(now)).collect();
        rows.retain(|view| any_has(&[view.id.as_str(), &view.display_name], &query.text));
        rows.sort_by(|a, b| match query.order {
            OrganizationOrder::DisplayName => {
                alphabetically(&a.display_name, &b.display_name).then_with(|| a.id.cmp(&b.id))
            }
            OrganizationOrder::OrganizationId => a.id.cmp(&b.id),
        });
        if query.descending {
            rows.reverse();
        }
        Ok(rows)
    }

    pub fn list_tenants(&self, query: &ListTenants, now: Moment) -> Vec<TenantView> {
        let mut rows: Vec<_> = self.tenants.iter().map(|tenant| tenant.view(now)).collect();
        rows.retain(|view| any_has(&[view.id.as_str(), &view.display_name, &view.contact], &query.text));
        rows.retain(|view| query.state.is_none_or(|state| view.state == state));
        if let Tenants::Only(among) = &query.among {
            rows.retain(|view| among.iter().any(|id| *id == view.id));
        }
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        rows
    }

    pub fn get_tenant(&self, id: &TenantId, now: Moment) -> Done<TenantView> {
        Ok(self.tenants[self.find(id)?].view(now))
    }

    pub fn get_user(&self, id: &TenantId, query: &GetUser, now: Moment) -> Done<UserView> {
        let tenant = &self.tenants[self.find(id)?];
        let user = tenant.user(&query.user).ok_or_else(|| missing("user", &query.user))?;
        Ok(tenant.user_view_in(user, query.organization.as_ref(), &self.glance(now)))
    }

    /// The former ids of the user, the latest first.
    pub fn former_ids(&self, id: &TenantId, query: &FormerIds) -> Done<Vec<UserId>> {
        let user = self.tenants[self.find(id)?].user(&query.user);
        Ok(user.map_or_else(Vec::new, |user| user.former.iter().rev().take(MAX_FORMER_IDS).cloned().collect()))
    }

    pub fn get_usage(&self, id: &TenantId, now: Moment) -> Done<TenantUsage> {
        let tenant = &self.tenants[self.find(id)?];
        let glance = self.glance(now);
        let count = |of: fn(&super::User) -> bool| tenant.users.iter().filter(|user| of(user)).count() as u64;
        let shown = |user| tenant.user_view(user, &glance).status;
        let status = |of: &dyn Fn(Status) -> bool| {
            tenant.users.iter().filter_map(shown).filter(|status| of(*status)).count() as u64
        };
        let users = UserTotals {
            total: tenant.users.len() as u64,
            active: count(|user| user.blocked.is_none()),
            blocked: count(|user| user.blocked.is_some()),
            administrators: count(|user| user.administrator),
            active_ordinary: count(|user| user.blocked.is_none() && !user.administrator),
            with_access: status(&|_| true),
            status_active: status(&|status| matches!(status, Status::Active | Status::Away)),
            status_idle: status(&|status| status == Status::Idle),
            status_inactive: status(&|status| status == Status::Inactive),
        };
        let license = tenant.license_state(&glance);
        let mut notices: Vec<Notice> = tenant.pools.iter().flat_map(|pool| tenant.notices_of(pool, &glance)).collect();
        notices.extend((license == LicenseState::Demo).then_some(Notice::DemoMode));
        notices.extend((license == LicenseState::Expired).then(|| match tenant.is_revived_by_clock(&glance) {
            true => Notice::ClockSuspect,
            false => Notice::LicenseExpired,
        }));
        Ok(TenantUsage { pools: tenant.usages(&glance), users, license, notices })
    }

    /// The usage of every pool of every tenant.
    pub fn all_usage(&self, now: Moment) -> Vec<(TenantId, PoolUsage)> {
        let glance = self.glance(now);
        let of = |tenant: &Tenant| {
            tenant.usages(&glance).into_iter().map(|usage| (tenant.id.clone(), usage)).collect::<Vec<_>>()
        };
        self.tenants.iter().flat_map(of).collect()
    }

    pub fn totals(&self, now: Moment) -> Totals {
        let usage = self.all_usage(now);
        let limit = |usage: &PoolUsage| match usage.limit {
            Limit::Seats(seats) => seats,
            Limit::Unlimited => usage.in_use,
        };
        let has = |usage: &PoolUsage, percent: u64| match usage.limit {
            Limit::Seats(0) | Limit::Unlimited => false,
            Limit::Seats(seats) => usage.in_use * 100 >= seats * percent,
        };
        let share = |percent| usage.iter().filter(|(_, usage)| has(usage, percent)).count() as u64;
        Totals {
            tenants: self.tenants.len() as u64,
            users: self.tenants.iter().map(|tenant| tenant.users.len() as u64).sum(),
            sessions: self.tenants.iter().map(|tenant| tenant.sessions.len() as u64).sum(),
            seats_in_use: usage.iter().map(|(_, usage)| usage.in_use).sum(),
            seats_limit: usage.iter().map(|(_, usage)| limit(usage)).sum(),
            licenses_expiring: self.tenants.iter().filter(|tenant| tenant.ends_soon(&self.glance(now))).count() as u64,
            pools_nearly_full: share(90),
            pools_full: share(100),
            // No notification is sent without a channel.
            deliveries_pending: 0,
            deliveries_dead: 0,
            deliveries_oldest: 0,
        }
    }
}

fn passes(view: &SessionView, query: &ListSessions) -> bool {
    query.pool.as_ref().is_none_or(|pool| view.pool == *pool)
        && query.user.as_ref().is_none_or(|user| view.user == *user)
        && query.organization.as_ref().is_none_or(|organization| view.organization.as_ref() == Some(organization))
        && has_status(view.status, &query.statuses)
        && query.session.is_none_or(|id| view.id == id)
        && query.device.as_ref().is_none_or(|device| view.device == *device)
        && query.idle.is_none_or(|idle| view.idle >= idle)
        && query.started.holds(view.started)
        && any_has(&[&view.client], &query.client)
}

/// Searches without regard to case and accents.
fn any_has(texts: &[&str], wanted: &str) -> bool {
    texts.iter().any(|text| plain(text).contains(wanted))
}

/// Removes case and accents, well enough for the names of this model.
fn plain(text: &str) -> String {
    let apart = DecomposingNormalizerBorrowed::new_nfd().normalize(&text.to_lowercase()).into_owned();
    apart.chars().filter(|letter| !('\u{300}'..'\u{370}').contains(letter)).collect()
}

/// Compares two texts directly, where the ledger compares sort keys.
pub fn alphabetically(a: &str, b: &str) -> Ordering {
    let mut options = CollatorOptions::default();
    options.strength = Some(Strength::Secondary);
    CollatorBorrowed::new_root(options).compare(a, b)
}

/// `Active` includes `Away` (R23).
fn has_status(status: Status, wanted: &[Status]) -> bool {
    let away = status == Status::Away && wanted.contains(&Status::Active);
    wanted.is_empty() || wanted.contains(&status) || away
}

/// Returns whether the group is the wanted one, or below it by its path.
fn within(known: &str, group: &str) -> bool {
    let (known, group): (Vec<&str>, Vec<&str>) = (known.split('/').collect(), group.split('/').collect());
    known.starts_with(&group)
}

impl Tenant {
    fn lists(&self, view: &UserView, query: &ListUsers) -> bool {
        let mut text = vec![view.id.as_str(), &view.profile.given_name, &view.profile.family_name];
        text.extend(view.profile.attributes.iter().map(|(_, value)| &**value));
        let found = |word: &String| any_has(&text, word);
        let words = match query.any_word {
            _ if query.words.is_empty() => true,
            true => query.words.iter().any(found),
            false => query.words.iter().all(found),
        };
        let there = |id: &OrganizationId| self.organizations.iter().any(|known| known.id == *id);
        // Filters by status, the blank one included.
        let active = query.statuses.contains(&Some(Status::Active)) && view.status == Some(Status::Away);
        words
            && query.blocked.is_none_or(|blocked| view.blocked.is_some() == blocked)
            && (query.statuses.is_empty() || query.statuses.contains(&view.status) || active)
            && query.organization.as_ref().is_none_or(there)
            && query.group.as_ref().is_none_or(|group| view.profile.groups.iter().any(|known| within(known, group)))
            && query.pool.as_ref().is_none_or(|pool| view.seats.iter().any(|seat| seat.pool == *pool))
            && query.administrator.is_none_or(|administrator| view.administrator == administrator)
            && !(query.never_signed_in && view.last_sign_in.is_some())
            && any_has(&[view.id.as_str()], &query.id)
            && any_has(&[&format!("{} {}", view.profile.given_name, view.profile.family_name)], &query.name)
            && query.cause.is_none_or(|cause| view.blocked == Some(cause))
            && (query.signed_in.is_whole() || view.last_sign_in.is_some_and(|at| query.signed_in.holds(at)))
            && query.created.holds(view.created)
    }
}
