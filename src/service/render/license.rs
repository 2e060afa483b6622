//! Renders answers of LicenseService.

use std::net::SocketAddr;
use std::time::Duration;

use super::seat::{number, pool_usage};
use super::time::{duration, timestamp};
use crate::exchange::Exchange;
use crate::ids::InstanceId;
use crate::ledger::change::{Limit, Plan};
use crate::ledger::command::{LicenseFetched, Page};
use crate::ledger::license_fetch::LicenseFetch;
use crate::ledger::license_view::{Entitlements, LicenseChange, LicenseInformation, LicenseView, PoolChange, Validity};
use crate::ledger::outcome::{LicenseState, PoolUsage};
use crate::ledger::time::WallTime;
use crate::license::{Installed, PoolUse, Request, parse_text, whole_seconds};
use crate::proto::v1;
use crate::service::names::{fetch_outcome, license_state, plan, tier, validity};
use crate::service::page::Shape;
use crate::service::parse::Wanted;

/// The license page shows the time until a license ends from this long before its end (R29).
const EXPIRY_NOTICE_PERIOD: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Description of this server for license requests and the license page.
pub struct InstallationInfo<'a> {
    pub instance: InstanceId,
    pub host_names: &'a [String],
    pub addresses: &'a [SocketAddr],
    pub now: WallTime,
    pub exchange: &'a Exchange,
}

pub fn installed(change: LicenseChange) -> v1::InstallLicenseResponse {
    let license = change.license.map(license);
    v1::InstallLicenseResponse { changed: change.changed, license, pools: pool_changes(change.pools) }
}

pub fn fetched(fetched: LicenseFetched) -> v1::FetchLicenseResponse {
    let (license, pools) = fetched.change.map_or((None, Vec::new()), |change| {
        let v1::InstallLicenseResponse { license, pools, .. } = installed(change);
        (license, pools)
    });
    v1::FetchLicenseResponse { fetch: Some(fetch(fetched.fetch)), license, pools }
}

fn fetch(fetch: LicenseFetch) -> v1::LicenseFetch {
    v1::LicenseFetch {
        fetched_at: Some(timestamp(fetch.at)),
        outcome: fetch_outcome(fetch.outcome).into(),
        reason: fetch.reason.into(),
        message: fetch.text.into(),
    }
}

/// Renders the changes, sorted by pool as in every list of pools.
pub fn pool_changes(mut pools: Vec<PoolChange>) -> Vec<v1::PoolChange> {
    pools.sort_unstable_by(|a, b| a.after.pool.cmp(&b.after.pool));
    let change =
        |pool: PoolChange| v1::PoolChange { before: pool.before.map(pool_usage), after: Some(pool_usage(pool.after)) };
    pools.into_iter().map(change).collect()
}

pub fn list_licenses(page: Page<LicenseView>, shape: &Shape) -> v1::ListLicensesResponse {
    v1::ListLicensesResponse {
        licenses: page.rows.into_iter().map(license).collect(),
        next_page_token: page.next.map_or_else(String::new, |next| shape.token(&next)),
    }
}

fn license(view: LicenseView) -> v1::License {
    let terms = &view.terms;
    v1::License {
        license_id: view.id.as_str().to_owned(),
        revision: view.revision,
        validity: validity(view.validity).into(),
        customer_id: terms.customer_id.to_string(),
        registered_to: terms.registered_to.to_string(),
        hosts: terms.hosts.iter().map(ToString::to_string).collect(),
        instance_id: terms.instance.map(|instance| instance.to_string()).unwrap_or_default(),
        tier: tier(terms.tier).into(),
        entitlements: view
            .pools
            .iter()
            .map(|given| {
                let (seats, unlimited) = number(given.limit);
                v1::Entitlement {
                    pool_id: given.pool.as_str().to_owned(),
                    plan: plan(given.plan).into(),
                    seats,
                    unlimited,
                    overdraft: given.overdraft,
                }
            })
            .collect(),
        features: terms.features.iter().map(ToString::to_string).collect(),
        limits: limits(&terms.limits),
        issued_at: Some(timestamp(terms.issued)),
        not_before: view.not_before.map(timestamp),
        expires_at: view.expires.map(timestamp),
        installed_at: Some(timestamp(view.installed)),
        installed_by: view.installed_by.0.to_string(),
        key_id: terms.key_id.to_string(),
        document: terms.document.to_string(),
    }
}

fn limits(limits: &[(Box<str>, Limit)]) -> Vec<v1::NumericLimit> {
    let limit = |(name, limit): &(Box<str>, Limit)| {
        let (value, unlimited) = number(*limit);
        v1::NumericLimit { name: name.to_string(), value, unlimited }
    };
    limits.iter().map(limit).collect()
}

pub fn entitlements(given: Entitlements) -> v1::GetEntitlementsResponse {
    v1::GetEntitlementsResponse {
        license_state: license_state(given.state).into(),
        tier: tier(given.tier).into(),
        features: given.features.iter().map(ToString::to_string).collect(),
        limits: limits(&given.limits),
    }
}

pub fn license_information(
    mut information: LicenseInformation,
    contact: Box<str>,
    installation: &InstallationInfo<'_>,
) -> v1::GetLicenseInformationResponse {
    information.pools.sort_unstable_by(|a, b| a.pool.cmp(&b.pool));
    let given = information.given;
    v1::GetLicenseInformationResponse {
        registered_to: information.registered_to.into(),
        customer_id: information.customer_id.into(),
        instance_id: installation.instance.to_string(),
        hosts: information.hosts.iter().map(ToString::to_string).collect(),
        host_names: installation.host_names.to_vec(),
        running_version: VERSION.to_owned(),
        tier: tier(given.tier).into(),
        plan: plans(&information.pools),
        validity: valid_for_people(given.state, information.first_end),
        pools: information.pools.into_iter().map(pool_usage).collect(),
        features: given.features.iter().map(ToString::to_string).collect(),
        limits: limits(&given.limits),
        license_state: license_state(given.state).into(),
        expires_in: information.first_end.map(duration),
        last_updated_at: information.updated.map(timestamp),
        contact: contact.into(),
        addresses: installation.addresses.iter().map(ToString::to_string).collect(),
        last_fetch: information.fetch.map(fetch),
        fetched_from: installation.exchange.folder.as_ref().map(|folder| folder.url().to_string()).unwrap_or_default(),
        requests_sent_to: installation.exchange.mailer.as_ref().map(|mailer| mailer.to.clone()).unwrap_or_default(),
    }
}

fn plans(pools: &[PoolUsage]) -> String {
    let has = |plan| pools.iter().any(|pool| pool.plan == plan);
    match (has(Plan::Named), has(Plan::Concurrent)) {
        (false, false) => "",
        (true, false) => "Named",
        (false, true) => "Concurrent",
        (true, true) => "Named and concurrent",
    }
    .to_owned()
}

fn valid_for_people(state: LicenseState, end: Option<Duration>) -> String {
    match (state, end) {
        (LicenseState::Demo, _) => "demo".to_owned(),
        (LicenseState::NotYetValid, _) => "not yet valid".to_owned(),
        (LicenseState::Expired, _) => "expired".to_owned(),
        (LicenseState::Valid, None) => "valid, never expires".to_owned(),
        (LicenseState::Valid, Some(left)) if left > EXPIRY_NOTICE_PERIOD => "valid".to_owned(),
        // Whole days, rounded up: the current day counts as one.
        (LicenseState::Valid, Some(left)) => match left.as_millis().div_ceil(DAY.as_millis()) {
            0 | 1 => "expires in 1 day".to_owned(),
            days => format!("expires in {days} days"),
        },
    }
}

pub fn license_request(
    wanted: Wanted,
    mut information: LicenseInformation,
    licenses: Vec<LicenseView>,
    installation: &InstallationInfo<'_>,
) -> Request {
    information.pools.sort_unstable_by(|a, b| a.pool.cmp(&b.pool));
    Request {
        tenant: wanted.tenant,
        customer_id: wanted.customer_id.or_else(|| parse_text(&information.customer_id).ok()),
        instance: installation.instance.0,
        hosts: installation.host_names.iter().filter_map(|name| parse_text(name).ok()).collect(),
        running_version: VERSION.into(),
        target_version: wanted.target_version,
        created: whole_seconds(installation.now),
        pools: information.pools.into_iter().map(pool_use).collect(),
        licenses: licenses.into_iter().filter_map(current).collect(),
        seats: wanted.seats,
        moves: wanted.moves,
    }
}

/// Returns a request as the content of a file, and the name of the file.
pub fn request_file(request: &Request) -> (String, String) {
    (format!("{:#}\n", request.to_json()), format!("{}.tlr", file_name(request.tenant.as_str())))
}

/// Renders the usage of a pool for a request. In demo mode no seat is licensed (R30).
fn pool_use(usage: PoolUsage) -> PoolUse {
    let limit = if usage.demo { Limit::Seats(0) } else { usage.limit };
    PoolUse { pool: usage.pool, plan: usage.plan, limit, in_use: usage.in_use }
}

/// Returns a license for a request if the vendor can build on it: the revision is neither superseded nor revoked.
fn current(view: LicenseView) -> Option<Installed> {
    let counts = matches!(view.validity, Validity::InForce | Validity::NotYetValid | Validity::Expired);
    let document = view.terms.document.to_string();
    (counts && !document.is_empty()).then_some(Installed { license: view.id, revision: view.revision, document })
}

/// Makes a file name of a tenant id: characters that some file system refuses become `_`.
fn file_name(id: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
    id.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validity_reads_like_a_license_page() {
        let check = |state, end: Option<Duration>, expected: &str| {
            assert_eq!(valid_for_people(state, end), expected, "{state:?} {end:?}");
        };
        let second = Duration::from_secs(1);
        check(LicenseState::Demo, None, "demo");
        check(LicenseState::Expired, None, "expired");
        check(LicenseState::NotYetValid, None, "not yet valid");
        check(LicenseState::Valid, None, "valid, never expires");
        check(LicenseState::Valid, Some(30 * DAY + second), "valid");
        check(LicenseState::Valid, Some(30 * DAY), "expires in 30 days");
        check(LicenseState::Valid, Some(12 * DAY - second), "expires in 12 days");
        check(LicenseState::Valid, Some(DAY), "expires in 1 day");
        check(LicenseState::Valid, Some(second), "expires in 1 day");
    }

    #[test]
    fn a_tenants_id_becomes_a_file_name() {
        assert_eq!(file_name("acme-1_b"), "acme-1_b");
        assert_eq!(file_name("../a b/ä"), "___a_b__");
    }
}
