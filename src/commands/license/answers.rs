//! Answers about licenses, for people.

use super::requested_changes::RequestedChanges;
use crate::commands::output::table::{Column, Table, left};
use crate::commands::output::words::{self, count, plan, time};
use crate::proto::v1::{
    DeleteLicensesResponse, FetchLicenseResponse, InstallLicenseResponse, License, LicenseFetch, LicenseFetchOutcome,
    LicenseTier, LicenseValidity, PoolChange, PoolUsage, SendLicenseRequestResponse,
};

const POOLS: [Column; 6] = [left("pool"), left("plan"), left("before"), left("after"), left("in use"), left("over")];

/// The changes that a request asks for.
pub fn changes(tenant: &str, changes: &RequestedChanges) -> String {
    let RequestedChanges { seats, moves, target_version, customer_id } = changes;
    let customer = customer_id.as_ref().map(|id| format!(", customer {id}")).unwrap_or_default();
    let mut lines = vec![format!("a request of the tenant {tenant}{customer}")];
    lines.extend(seats.iter().map(|wanted| format!("  {} more for {}", count(wanted.seats, "seat"), wanted.pool_id)));
    for moved in moves {
        lines.push(format!("  {} from {} to {}", count(moved.seats, "seat"), moved.from_pool_id, moved.to_pool_id));
    }
    lines.extend(target_version.iter().map(|version| format!("  an update to {version}")));
    if lines.len() == 1 {
        lines.push("  no change: a renewal".into());
    }
    lines.join("\n") + "\n"
}

/// The changes of a request, and the receivers of the request and of the answer.
pub fn sent(sent: &SendLicenseRequestResponse, changes: String) -> String {
    let answers = match sent.reply_to.as_str() {
        "" => "its sender: the tenant has no responsible person",
        person => person,
    };
    format!("{changes}sent to {}; the answer goes to {answers}\n", sent.sent_to)
}

/// Result of a fetch; empty if it is reported as an error.
pub fn fetched(fetched: &FetchLicenseResponse, found: &LicenseFetch) -> String {
    match found.outcome() {
        LicenseFetchOutcome::Refused | LicenseFetchOutcome::Failed => String::new(),
        LicenseFetchOutcome::Installed => {
            fetched.license.as_ref().map(license).unwrap_or_default() + &pools(&fetched.pools)
        }
        _ => format!("nothing changed: {}\n", found.message),
    }
}

/// Result of an installation.
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
    format!("{text}\nregistered to {}, {}\n", license.registered_to, tier(license.tier()))
}

/// Name of a tier.
pub fn tier(tier: LicenseTier) -> &'static str {
    match tier {
        LicenseTier::Unspecified => "no tier",
        LicenseTier::Bronze => "bronze",
        LicenseTier::Silver => "silver",
        LicenseTier::Gold => "gold",
        LicenseTier::Platinum => "platinum",
    }
}

/// Result of deleting all licenses.
pub fn deleted_all(deleted: &DeleteLicensesResponse) -> String {
    let said =
        if deleted.changed { "all licenses: deleted; the tenant is in demo mode" } else { "there was no license" };
    format!("{said}\n{}", pools(&deleted.pools))
}

/// Usage before and after, pool by pool; empty if nothing changed.
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
    Table::new(&POOLS).lines(&rows, None)
}

fn limit(usage: &PoolUsage) -> String {
    let limit = words::limit(usage.limit, usage.unlimited);
    if usage.demo { format!("{limit} (demo)") } else { limit }
}

/// Validity of a license.
pub fn state(license: &License) -> &'static str {
    match license.validity() {
        LicenseValidity::Unspecified => "not known",
        LicenseValidity::InForce => "in force",
        LicenseValidity::NotYetValid => "not yet valid",
        LicenseValidity::Expired => "expired",
        LicenseValidity::Superseded => "superseded",
        LicenseValidity::Revoked => "revoked",
    }
}
