//! Displays, page by page; and the comparison of all stored state.

use std::collections::BTreeSet;
use std::sync::Arc;

use usher::ids::{SessionId, TenantId};
use usher::ledger::Ledger;
use usher::ledger::change::Limit;
use usher::ledger::command::{
    AllTokens, Command, Cursor, GetUsage, ListLicenses, ListNotifications, ListOrganizations, ListSessions,
    ListTenants, ListTokens, ListUsers, Operation, Page, Query, QueryResult, Reply,
};
use usher::ledger::former_id::FormerId;
use usher::ledger::outcome::{Done, TenantUsage};
use usher::ledger::time::Moment;
use usher::ledger::token::KnownTokens;

use super::super::plain;
use super::super::step::StepKind;
use super::{Pair, must, same};

impl Pair {
    pub(super) fn query(&mut self, tenant: &TenantId, query: &Query, now: Moment) -> Result<(), String> {
        let (ledger, model, to) = (&mut self.ledger, &self.model, Some(tenant));
        match query.clone() {
            Query::GetTenant(query) => {
                same("tenant", &run_query(ledger, to, query, now), &model.get_tenant(tenant, now))
            }
            Query::GetUsage(query) => same_usage(run_query(ledger, to, query, now), model.get_usage(tenant, now)),
            Query::GetUser(query) => {
                let expected = model.get_user(tenant, &query, now);
                same("user", &run_query(ledger, to, query, now), &expected)
            }
            Query::FormerIds(query) => {
                let expected = model.former_ids(tenant, &query).map(|former| (query.user.clone(), former));
                let known = run_query(ledger, to, query, now);
                let ids = |former: Vec<FormerId>| former.into_iter().map(|former| former.id).collect::<Vec<_>>();
                same("former ids", &known.map(|(id, former)| (id, ids(former))), &expected)
            }
            Query::ListSessions(query) => {
                let expected = model.list_sessions(tenant, &query, now);
                let page = |after| run_query(ledger, to, ListSessions { after, ..query.clone() }, now);
                same("sessions", &read_to_end(query.limit, page), &expected)
            }
            Query::ListUsers(query) => {
                let expected = model.list_users(tenant, &query, now);
                let page = |after| run_query(ledger, to, ListUsers { after, ..query.clone() }, now);
                same("users", &read_to_end(query.limit, page), &expected)
            }
            Query::ListOrganizations(query) => {
                let expected = model.list_organizations(tenant, &query, now);
                let page = |after| run_query(ledger, to, ListOrganizations { after, ..query.clone() }, now);
                same("organizations", &read_to_end(query.limit, page), &expected)
            }
            Query::ListLicenses(query) => {
                let expected = model.list_licenses(tenant, now);
                let page = |after| run_query(ledger, to, ListLicenses { after, ..query.clone() }, now);
                same("licenses", &read_to_end(query.limit, page), &expected)
            }
            Query::ListNotifications(query) => {
                let expected = model.list_notifications(tenant, &query, now);
                let page = |after| run_query(ledger, to, ListNotifications { after, ..query.clone() }, now);
                let listed = read_to_end(query.limit, page);
                let listed = listed.map(|listed| listed.into_iter().map(plain::notification).collect());
                same("notifications", &listed, &expected)
            }
            Query::DueNotifications(query) => same("due", &run_query(ledger, None, query, now), &Vec::new()),
            Query::DueFetches(_) => unreachable!("not generated"),
            Query::ListTokens(query) => {
                let expected = Ok(model.list_tokens(&query, now));
                let page = |after| Ok(run_query(ledger, None, ListTokens { after, ..query.clone() }, now));
                same("tokens", &read_to_end(query.limit, page), &expected)
            }
            Query::AllTokens(query) => {
                let expected =
                    KnownTokens { rows: model.all_tokens().into_iter().map(Arc::new).collect(), high: model.high() };
                same("all tokens", &run_query(ledger, None, query, now), &expected)
            }
            Query::GetLicenseInformation(query) => {
                let page = run_query(ledger, to, query, now).map(plain::license_page);
                same("license information", &page, &model.license_information(tenant, now))
            }
            Query::GetEntitlements(query) => {
                same("entitlements", &run_query(ledger, to, query, now), &model.entitlements(tenant, now))
            }
            Query::ListTenants(query) => {
                let expected = Ok(model.list_tenants(&query, now));
                let page = |after| Ok(run_query(ledger, None, ListTenants { after, ..query.clone() }, now));
                same("tenants", &read_to_end(query.limit, page), &expected)
            }
        }
    }

    /// I1: checks that no step raises a pool above its limit, unless it changes licenses.
    pub(super) fn never_above_the_limit(&mut self, kind: &StepKind, now: Moment) -> Result<(), String> {
        let used = self.model.all_usage(now);
        let changes_the_limit = matches!(
            kind,
            StepKind::Command(
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

    /// I4: compares displays, rows and audit with the model's counts.
    pub(super) fn look_at_everything(&mut self, now: Moment) -> Result<(), String> {
        self.ledger.check(now)?;
        same("the high-water mark", &self.ledger.wall_high(), &self.model.high())?;
        let tokens = run_query(&mut self.ledger, None, AllTokens, now).rows;
        let expected: Vec<_> = self.model.all_tokens().into_iter().map(Arc::new).collect();
        same("the tokens", &tokens, &expected)?;
        same("the totals", &self.ledger.totals(now), &self.model.totals(now))?;
        for tenant in &self.model.tenants {
            let number = self.ledger.tenant_no(&tenant.id).ok_or("a tenant is missing")?;
            let shown = run_query(&mut self.ledger, Some(&tenant.id), GetUsage, now);
            let listed = run_query(&mut self.ledger, Some(&tenant.id), ListLicenses { after: None, limit: 1_000 }, now);
            let listed = listed.map(|page| page.rows);
            same("licenses", &listed, &self.model.list_licenses(&tenant.id, now))?;
            let everything = ListNotifications { limit: 10_000, ..ListNotifications::default() };
            let listed = run_query(&mut self.ledger, Some(&tenant.id), everything.clone(), now);
            let listed = listed.map(|page| page.rows.into_iter().map(plain::notification).collect::<Vec<_>>());
            same("notifications", &listed, &self.model.list_notifications(&tenant.id, &everything, now))?;
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

fn run_query<Q>(ledger: &mut Ledger, tenant: Option<&TenantId>, query: Q, now: Moment) -> Q::Answer
where
    Q: Operation<Kind = Query>,
    QueryResult: Reply<Q>,
{
    ledger.query(tenant, query.into(), now).into_answer().expect("the answer to this question")
}

/// Reads a list to its end, page by page.
fn read_to_end<T>(limit: usize, mut page: impl FnMut(Option<Cursor>) -> Done<Page<T>>) -> Done<Vec<T>> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let Page { rows: more, next } = page(after.clone())?;
        assert!(more.len() <= limit, "a page longer than command for");
        assert!(next.is_none() || more.len() == limit, "a page that is short, but not the last");
        assert!(next.is_none() || next != after, "a page that leads to itself");
        rows.extend(more);
        if next.is_none() {
            return Ok(rows);
        }
        after = next;
    }
}
