//! The claims of a license, for people.

use std::fmt::Write as _;
use std::time::Duration;

use crate::ledger::change::Plan;
use crate::ledger::time::WallTime;
use crate::license::{Claims, Overdraft, iso};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The claims of a license as text for people.
pub fn claims(claims: &Claims, now: WallTime) -> String {
    let mut text = String::new();
    let mut put = |name: &str, value: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<14} {value}");
    };
    put("license", &format!("{}, revision {}", claims.license, claims.revision));
    put("tenant", claims.tenant.as_str());
    put("customer id", &claims.customer_id);
    put("registered to", &claims.registered_to);
    put("tier", claims.tier.word());
    let mut name = "seats";
    for entitlement in &claims.entitlements {
        let plan = if entitlement.plan == Plan::Named { "named" } else { "concurrent" };
        let overdraft = match entitlement.overdraft {
            Overdraft::NONE => String::new(),
            overdraft => format!(", overdraft {overdraft}"),
        };
        put(name, &format!("{}: {}, {plan}{overdraft}", entitlement.pool, entitlement.limit));
        name = "";
    }
    put("features", &listed(claims.features.iter().map(ToString::to_string), "none"));
    let limits = claims.limits.iter().map(|(name, limit)| format!("{name}={}", limit));
    put("limits", &listed(limits, "none"));
    put("hosts", &listed(claims.hosts.iter().map(ToString::to_string), "any"));
    put("installation", &claims.instance.map_or("any".into(), |instance| instance.to_string()));
    put("issued", &iso(claims.issued));
    if let Some(from) = claims.not_before {
        put("in force from", &iso(from));
    }
    put("expires", &claims.expires.map_or("never".into(), |end| expiry(end, now)));
    text
}

fn listed(items: impl Iterator<Item = String>, none: &str) -> String {
    let items: Vec<_> = items.collect();
    if items.is_empty() { none.into() } else { items.join(", ") }
}

fn expiry(end: WallTime, now: WallTime) -> String {
    if now >= end {
        return format!("{} (expired)", iso(end));
    }
    // A day that has begun counts as a day.
    match end.since(now).as_secs().div_ceil(DAY.as_secs()) {
        1 => format!("{} (in a day)", iso(end)),
        days => format!("{} (in {days} days)", iso(end)),
    }
}
