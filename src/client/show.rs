//! Answers for people.

use prost_types::Timestamp;

use super::table::table;
use super::wish::Wishes;
use crate::proto::v1::{
    DeleteLicensesResponse, Entitlement, InstallLicenseResponse, License, LicenseTier, LicenseValidity, Plan,
    PoolChange, PoolUsage,
};

const LICENSES: [&str; 7] = ["license", "revision", "state", "seats", "expires", "installed at", "by"];
const POOLS: [&str; 6] = ["pool", "plan", "before", "after", "in use", "over"];

/// What a request asks for.
pub fn wishes(tenant: &str, wishes: &Wishes) -> String {
    let mut lines = vec![format!("a request of the tenant {tenant}")];
    lines.extend(wishes.seats.iter().map(|wanted| format!("  {} more for {}", seats(wanted.seats), wanted.pool_id)));
    for moved in &wishes.moves {
        lines.push(format!("  {} from {} to {}", seats(moved.seats), moved.from_pool_id, moved.to_pool_id));
    }
    lines.extend(wishes.target_version.iter().map(|version| format!("  an update to {version}")));
    if lines.len() == 1 {
        lines.push("  nothing more than there is: a renewal".into());
    }
    lines.join("\n") + "\n"
}

fn seats(count: u64) -> String {
    if count == 1 { "1 seat".into() } else { format!("{count} seats") }
}

pub fn installed(installed: &InstallLicenseResponse) -> String {
    let mut text = installed.license.as_ref().map(license).unwrap_or_default();
    if !installed.changed {
        text.push_str("nothing changed: it was installed already\n");
    }
    text + &pools(&installed.pools)
}

fn license(license: &License) -> String {
    let mut text = format!("license {}, revision {}: {}", license.license_id, license.revision, state(license));
    for (word, at) in [("from", license.not_before), ("until", license.expires_at)] {
        text.push_str(&at.map(|at| format!(", {word} {}", time(at))).unwrap_or_default());
    }
    format!("{text}\nregistered to {}, {}\n", license.registered_to, tier(license))
}

fn tier(license: &License) -> &'static str {
    match license.tier() {
        LicenseTier::Unspecified => "no tier",
        LicenseTier::Bronze => "bronze",
        LicenseTier::Silver => "silver",
        LicenseTier::Gold => "gold",
        LicenseTier::Platinum => "platinum",
    }
}

pub fn deleted_all(deleted: &DeleteLicensesResponse) -> String {
    let said =
        if deleted.changed { "all licenses: deleted; the tenant is in demo mode" } else { "there was no license" };
    format!("{said}\n{}", pools(&deleted.pools))
}

/// Before and after, pool by pool; nothing where nothing is other than it was.
pub fn pools(pools: &[PoolChange]) -> String {
    if pools.is_empty() {
        return String::new();
    }
    let row = |change: &PoolChange| {
        let after = change.after.clone().unwrap_or_default();
        let before = change.before.as_ref().map_or_else(|| "-".into(), limit);
        let (in_use, over) = (after.in_use.to_string(), after.over.to_string());
        vec![after.pool_id.clone(), plan(after.plan()).into(), before, limit(&after), in_use, over]
    };
    let mut rows: Vec<_> = pools.iter().map(row).collect();
    rows.sort_unstable();
    table(&headed(&POOLS, rows.into_iter()))
}

fn limit(usage: &PoolUsage) -> String {
    let limit = number(usage.limit, usage.unlimited);
    if usage.demo { format!("{limit} (demo)") } else { limit }
}

pub fn licenses(licenses: &[License]) -> String {
    if licenses.is_empty() {
        return "no license: the tenant is in demo mode\n".into();
    }
    let row = |license: &License| {
        vec![
            license.license_id.clone(),
            license.revision.to_string(),
            state(license).into(),
            entitlements(&license.entitlements),
            license.expires_at.map_or_else(|| "never".into(), time),
            license.installed_at.map_or_else(String::new, time),
            license.installed_by.clone(),
        ]
    };
    table(&headed(&LICENSES, licenses.iter().map(row)))
}

fn state(license: &License) -> &'static str {
    match license.validity() {
        LicenseValidity::Unspecified => "not known",
        LicenseValidity::InForce => "in force",
        LicenseValidity::NotYetValid => "not yet valid",
        LicenseValidity::Expired => "expired",
        LicenseValidity::Superseded => "superseded",
        LicenseValidity::Revoked => "revoked",
    }
}

fn entitlements(given: &[Entitlement]) -> String {
    let one = |it: &Entitlement| format!("{}={} {}", it.pool_id, number(it.seats, it.unlimited), plan(it.plan()));
    given.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn number(number: u64, unlimited: bool) -> String {
    if unlimited { "unlimited".into() } else { number.to_string() }
}

fn plan(plan: Plan) -> &'static str {
    match plan {
        Plan::Named => "named",
        Plan::Concurrent => "concurrent",
        Plan::Unspecified => "no plan",
    }
}

/// Whole seconds: `2027-12-31T23:59:59Z`.
fn time(at: Timestamp) -> String {
    Timestamp { nanos: 0, ..at }.to_string()
}

fn headed(heading: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Vec<Vec<String>> {
    let heading = heading.iter().map(ToString::to_string).collect();
    std::iter::once(heading).chain(rows).collect()
}
