//! What is shown, page by page; and the look at everything that is kept.

use std::collections::BTreeSet;
use std::sync::Arc;

use usher::ids::{SessionId, TenantId};
use usher::ledger::Ledger;
use usher::ledger::change::Limit;
use usher::ledger::command::{
    AllTokens, Asks, Command, Cursor, Found, GetUsage, ListLicenses, ListNotifications, ListOrganizations,
    ListSessions, ListTenants, ListTokens, ListUsers, Page, Query, Reply,
};
use usher::ledger::former_id::FormerId;
use usher::ledger::outcome::{Done, TenantUsage};
use usher::ledger::time::Moment;
use usher::ledger::token::KnownTokens;

use super::super::plain;
use super::super::step::Act;
use super::{Pair, must, same};

impl Pair {
    pub(super) fn query(&mut self, tenant: &TenantId, query: &Query, now: Moment) -> Result<(), String> {
        let (ledger, model, to) = (&mut self.ledger, &self.model, Some(tenant));
        match query.clone() {
            Query::GetTenant(asked) => same("tenant", &ask(ledger, to, asked, now), &model.get_tenant(tenant, now)),
            Query::GetUsage(asked) => same_usage(ask(ledger, to, asked, now), model.get_usage(tenant, now)),
            Query::GetUser(asked) => {
                let expected = model.get_user(tenant, &asked, now);
                same("user", &ask(ledger, to, asked, now), &expected)
            }
            Query::FormerIds(asked) => {
                let expected = model.former_ids(tenant, &asked).map(|former| (asked.user.clone(), former));
                let known = ask(ledger, to, asked, now);
                let ids = |former: Vec<FormerId>| former.into_iter().map(|former| former.id).collect::<Vec<_>>();
                same("former ids", &known.map(|(id, former)| (id, ids(former))), &expected)
            }
            Query::ListSessions(asked) => {
                let expected = model.list_sessions(tenant, &asked, now);
                let page = |after| ask(ledger, to, ListSessions { after, ..asked.clone() }, now);
                same("sessions", &read_to_end(asked.limit, page), &expected)
            }
            Query::ListUsers(asked) => {
                let expected = model.list_users(tenant, &asked, now);
                let page = |after| ask(ledger, to, ListUsers { after, ..asked.clone() }, now);
                same("users", &read_to_end(asked.limit, page), &expected)
            }
            Query::ListOrganizations(asked) => {
                let expected = model.list_organizations(tenant, &asked, now);
                let page = |after| ask(ledger, to, ListOrganizations { after, ..asked.clone() }, now);
                same("organizations", &read_to_end(asked.limit, page), &expected)
            }
            Query::ListLicenses(asked) => {
                let expected = model.list_licenses(tenant, now);
                let page = |after| ask(ledger, to, ListLicenses { after, ..asked.clone() }, now);
                same("licenses", &read_to_end(asked.limit, page), &expected)
            }
            Query::ListNotifications(asked) => {
                let expected = model.list_notifications(tenant, &asked, now);
                let page = |after| ask(ledger, to, ListNotifications { after, ..asked.clone() }, now);
                let told = read_to_end(asked.limit, page);
                let told = told.map(|told| told.into_iter().map(plain::notification).collect());
                same("notifications", &told, &expected)
            }
            Query::DueNotifications(asked) => same("due", &ask(ledger, None, asked, now), &Vec::new()),
            Query::DueFetches(_) => unreachable!("not generated"),
            Query::ListTokens(asked) => {
                let expected = Ok(model.list_tokens(&asked, now));
                let page = |after| Ok(ask(ledger, None, ListTokens { after, ..asked.clone() }, now));
                same("tokens", &read_to_end(asked.limit, page), &expected)
            }
            Query::AllTokens(asked) => {
                let expected =
                    KnownTokens { rows: model.all_tokens().into_iter().map(Arc::new).collect(), high: model.high() };
                same("all tokens", &ask(ledger, None, asked, now), &expected)
            }
            Query::GetLicenseInformation(asked) => {
                let page = ask(ledger, to, asked, now).map(plain::license_page);
                same("license information", &page, &model.license_information(tenant, now))
            }
            Query::GetEntitlements(asked) => {
                same("entitlements", &ask(ledger, to, asked, now), &model.entitlements(tenant, now))
            }
            Query::ListTenants(asked) => {
                let expected = Ok(model.list_tenants(&asked, now));
                let page = |after| Ok(ask(ledger, None, ListTenants { after, ..asked.clone() }, now));
                same("tenants", &read_to_end(asked.limit, page), &expected)
            }
        }
    }

    /// I1: nothing that was granted brings a pool above its limit.
    pub(super) fn never_above_the_limit(&mut self, act: &Act, now: Moment) -> Result<(), String> {
        let used = self.model.all_usage(now);
        let changes_the_limit = matches!(
            act,
            Act::Command(
                _,
                Command::InstallLicense(_)
                    | Command::DeleteLicense(_)
                    | Command::DeleteLicenses(_)
                    | Command::RevokeLicense(_)
                    | Command::FetchLicense(_)
                    | Command::DeleteTenant(_)
            )
        );
        for (tenant, usage) in &used {
            let before = self.used.iter().find(|(of, before)| of == tenant && before.pool == usage.pool);
            let Some((_, before)) = before else { continue };
            let rose = usage.in_use > before.in_use && usage.plan == before.plan && usage.demo == before.demo;
            // R29: administrators pass an expired license, and then the limit is none.
            let in_force = usage.limit != Limit::Seats(0);
            let above = rose && !changes_the_limit && in_force && usage.over > 0;
            must(!above, || format!("{} of {tenant} rose above its limit: {usage:?}", usage.pool))?;
        }
        self.used = used;
        Ok(())
    }

    /// I4: what is shown is what the model counts, what the rows hold, and what the audit tells.
    pub(super) fn look_at_everything(&mut self, now: Moment) -> Result<(), String> {
        self.ledger.check(now)?;
        same("the high-water mark", &self.ledger.wall_high(), &self.model.high())?;
        let tokens = ask(&mut self.ledger, None, AllTokens, now).rows;
        let expected: Vec<_> = self.model.all_tokens().into_iter().map(Arc::new).collect();
        same("the tokens", &tokens, &expected)?;
        same("the totals", &self.ledger.totals(now), &self.model.totals(now))?;
        for tenant in &self.model.tenants {
            let number = self.ledger.tenant_no(&tenant.id).ok_or("a tenant is missing")?;
            let shown = ask(&mut self.ledger, Some(&tenant.id), GetUsage, now);
            let listed = ask(&mut self.ledger, Some(&tenant.id), ListLicenses { after: None, limit: 1_000 }, now);
            let listed = listed.map(|page| page.rows);
            same("licenses", &listed, &self.model.list_licenses(&tenant.id, now))?;
            let everything = ListNotifications { limit: 10_000, ..ListNotifications::default() };
            let told = ask(&mut self.ledger, Some(&tenant.id), everything.clone(), now);
            let told = told.map(|page| page.rows.into_iter().map(plain::notification).collect::<Vec<_>>());
            same("notifications", &told, &self.model.list_notifications(&tenant.id, &everything, now))?;
            let counted = self.model.get_usage(&tenant.id, now);
            for usage in counted.iter().flat_map(|usage| &usage.pools) {
                let rows = self.rows.recount(number, &usage.pool, usage.plan);
                same("the recount of the rows", &rows, &(usage.in_use, usage.granted))?;
            }
            same_usage(shown, counted)?;
            let live: BTreeSet<SessionId> = tenant.sessions.iter().map(|session| session.id).collect();
            let [rows, audit] = self.rows.live(number);
            same("the live sessions of the rows", &rows, &live)?;
            same("the live sessions of the audit", &audit, &live)?;
        }
        Ok(())
    }
}

fn same_usage(ledger: Done<TenantUsage>, model: Done<TenantUsage>) -> Result<(), String> {
    same("usage", &ledger.map(plain::usage), &model.map(plain::usage))
}

fn ask<Q>(ledger: &mut Ledger, tenant: Option<&TenantId>, asked: Q, now: Moment) -> Q::Answer
where
    Q: Asks<Kind = Query>,
    Found: Reply<Q>,
{
    ledger.query(tenant, asked.into(), now).into_answer().expect("the answer to this question")
}

/// Reads a list to its end, page by page.
fn read_to_end<T>(limit: usize, mut page: impl FnMut(Option<Cursor>) -> Done<Page<T>>) -> Done<Vec<T>> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let Page { rows: more, next } = page(after.clone())?;
        assert!(more.len() <= limit, "a page longer than asked for");
        assert!(next.is_none() || more.len() == limit, "a page that is short, but not the last");
        assert!(next.is_none() || next != after, "a page that leads to itself");
        rows.extend(more);
        if next.is_none() {
            return Ok(rows);
        }
        after = next;
    }
}
