//! `usher license inspect` and `verify`

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::files::read;
use super::{Failure, say, trusted};
use crate::ledger::change::Plan;
use crate::ledger::time::Wall;
use crate::license::{Claims, LICENSE, Rejection, Trust, iso, unchecked};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Shows a license; with `keys`, also verifies it.
pub fn run(file: &Path, keys: Option<&Path>, json: bool, now: Wall) -> Result<(), Failure> {
    let text = read("FILE", file, LICENSE.most());
    let trust = keys.map(trusted).transpose();
    let (text, trust) = match (text, trust) {
        (Ok(text), Ok(trust)) => (text, trust),
        (text, trust) => return Err(Failure::Usage([text.err(), trust.err()].into_iter().flatten().collect())),
    };
    let read = unverified_claims(&text);
    let verdict = trust.map(|trust| checked(&text, &trust, now));
    // Without keys, the only check is whether the license can be read.
    let rejection = verdict.as_ref().map_or_else(|| read.as_ref().err(), |verdict| verdict.as_ref().err());
    let shown = read.as_ref().ok();
    say(&if json { as_json(shown, keys.is_some(), rejection) } else { as_text(shown, keys.is_some(), rejection, now) });
    match rejection {
        None => Ok(()),
        Some(rejection) => Err(Failure::LicenseNotValid(format!(
            "{}: not valid: {rejection} ({})",
            file.display(),
            rejection.reason()
        ))),
    }
}

/// The claims of a document and the id of the key that it names, without verification.
fn unverified_claims(text: &str) -> Result<(Claims, String), Rejection> {
    let document = unchecked(text, LICENSE)?;
    Ok((Claims::parse(&document.payload)?, document.kid))
}

/// Checks that the license is genuine, and in force now or later.
fn checked(text: &str, trust: &Trust, now: Wall) -> Result<(), Rejection> {
    let claims = trust.verify(text)?.claims;
    trust.not_revoked(&claims)?;
    claims.not_expired(now)
}

fn as_json(shown: Option<&(Claims, String)>, checked: bool, rejection: Option<&Rejection>) -> String {
    // Without keys, it is unknown whether the license is valid.
    let valid = match rejection {
        Some(_) => json!(false),
        None if checked => json!(true),
        None => json!(null),
    };
    let answer = json!({
        "valid": valid,
        "reason": rejection.map(Rejection::reason),
        "message": rejection.map(ToString::to_string),
        "kid": shown.map(|(_, kid)| kid),
        "claims": shown.map(|(claims, _)| claims.to_json()),
    });
    format!("{answer:#}\n")
}

fn as_text(shown: Option<&(Claims, String)>, checked: bool, rejection: Option<&Rejection>, now: Wall) -> String {
    let Some((claims, kid)) = shown else { return String::new() };
    let verdict = match rejection {
        Some(rejection) => format!("NO: {rejection}"),
        None if checked => "yes: the signature was checked, and is genuine".into(),
        None => "NOT CHECKED: anybody can have written this; --keys checks the signature".into(),
    };
    format!("{}signed with    {kid}\nvalid          {verdict}\n", self::claims(claims, now))
}

/// The claims of a license as text for people.
pub fn claims(claims: &Claims, now: Wall) -> String {
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
        put(name, &format!("{}: {}, {plan}", entitlement.pool, entitlement.limit));
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

fn expiry(end: Wall, now: Wall) -> String {
    if now >= end {
        return format!("{} (expired)", iso(end));
    }
    // A day that has begun counts as a day.
    match end.since(now).as_secs().div_ceil(DAY.as_secs()) {
        1 => format!("{} (in a day)", iso(end)),
        days => format!("{} (in {days} days)", iso(end)),
    }
}
