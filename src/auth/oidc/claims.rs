//! Claims of a token, and the principal that follows from them.

use std::collections::BTreeMap;

use super::config::{OidcConfig, Rule, RuleTenants};
use super::refused::Refused;
use crate::auth::{Grant, Principal};
use crate::ids::TenantId;
use crate::json::{Json, Object};
use crate::ledger::access::Tenants;
use crate::ledger::change::Actor;
use crate::ledger::time::WallTime;

/// Maximum difference between the clocks of the issuer and of this machine, in milliseconds.
const LEEWAY_MS: i64 = 30_000;
/// Maximum length of the name of a holder, in bytes.
const MAX_NAME_BYTES: usize = 254;
/// Claims that are lists separated by spaces (RFC 8693, section 4.2, and the shorter name that some issuers use).
const SPACED: [&str; 2] = ["scope", "scp"];

/// Claims of a token that is for this server and in force.
pub struct Claims {
    members: BTreeMap<String, Json>,
    subject: String,
    /// Time from which the token is refused.
    pub end: WallTime,
}

impl Claims {
    /// Reads the claims of a verified payload; allows for `LEEWAY_MS` in all dates.
    ///
    /// # Errors
    /// Wrong issuer or audience, expired, not valid yet, or a required claim is missing or invalid.
    pub fn read(payload: Object, config: &OidcConfig, now: WallTime) -> Result<Self, Refused> {
        let members = payload.members();
        if text(&members, "iss")? != config.issuer {
            return Err(Refused::Issuer);
        }
        match members.get("aud") {
            Some(Json::Text(_) | Json::List(_)) if texts(members.get("aud")).any(|it| it == config.audience) => {}
            Some(Json::Text(_) | Json::List(_)) => return Err(Refused::Audience),
            _ => return Err(Refused::Claims),
        }
        let end = date(&members, "exp")?.ok_or(Refused::Claims)?.0.saturating_add(LEEWAY_MS);
        if now.0 >= end {
            return Err(Refused::Expired);
        }
        for name in ["nbf", "iat"] {
            if date(&members, name)?.is_some_and(|start| now.0 < start.0.saturating_sub(LEEWAY_MS)) {
                return Err(Refused::NotYetValid);
            }
        }
        let subject = name(text(&members, "sub")?).ok_or(Refused::Claims)?.to_owned();
        Ok(Self { members, subject, end: WallTime(end) })
    }

    /// Returns the holder of the token, with the grants of all rules that match.
    ///
    /// # Errors
    /// The claim with the holder's name is not a valid name.
    pub fn principal(&self, config: &OidcConfig) -> Result<Principal, Refused> {
        let called = match self.find(&config.name_claim) {
            None => &self.subject,
            Some(Json::Text(text)) => name(text).ok_or(Refused::Claims)?,
            Some(_) => return Err(Refused::Claims),
        };
        let grants = config.rules.iter().filter_map(|rule| self.grant(rule)).collect();
        Ok(Principal { actor: Actor(format!("oidc:{called}").into()), grants, token: None })
    }

    /// Returns the grant of a rule; `None` if the rule does not match, or names no tenant.
    fn grant(&self, rule: &Rule) -> Option<Grant> {
        let matches = |text: &str| rule.value.as_deref().is_none_or(|value| value == text);
        if !self.items(&rule.claim).any(matches) {
            return None;
        }
        let tenants = match &rule.tenants {
            RuleTenants::All => Tenants::All,
            RuleTenants::Only(tenants) => Tenants::Only(tenants.clone()),
            RuleTenants::FromClaim(claim) => {
                Tenants::Only(self.items(claim).filter_map(|text| TenantId::parse(text).ok()).collect())
            }
        };
        (tenants != Tenants::NONE).then_some(Grant { roles: rule.roles, tenants })
    }

    /// Returns the non-empty texts of a claim.
    fn items(&self, path: &str) -> impl Iterator<Item = &str> {
        let spaced = SPACED.contains(&path);
        let split = texts(self.find(path)).flat_map(move |text| text.split(move |c| spaced && c == ' '));
        split.filter(|text| !text.is_empty())
    }

    fn find(&self, path: &str) -> Option<&Json> {
        find(&self.members, path)
    }
}

/// Finds a claim by its name, which may contain dots, as URLs do; otherwise by its path.
fn find<'a>(members: &'a BTreeMap<String, Json>, path: &str) -> Option<&'a Json> {
    if let Some(found) = members.get(path) {
        return Some(found);
    }
    let (first, rest) = path.split_once('.')?;
    match members.get(first)? {
        Json::Object(inner) => find(inner, rest),
        _ => None,
    }
}

/// Returns a text, or the texts of a list.
fn texts(claim: Option<&Json>) -> impl Iterator<Item = &str> {
    let items = match claim {
        Some(Json::List(items)) => items.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    items.iter().filter_map(|item| match item {
        Json::Text(text) => Some(text.as_str()),
        _ => None,
    })
}

fn text<'a>(members: &'a BTreeMap<String, Json>, name: &str) -> Result<&'a str, Refused> {
    match members.get(name) {
        Some(Json::Text(text)) => Ok(text),
        _ => Err(Refused::Claims),
    }
}

/// Reads a date in seconds, possibly with a fraction (RFC 7519, NumericDate). A date of the wrong type is an error, not
/// an absent date.
fn date(members: &BTreeMap<String, Json>, name: &str) -> Result<Option<WallTime>, Refused> {
    match members.get(name) {
        None => Ok(None),
        Some(Json::Number(seconds)) => {
            Ok(Some(WallTime(i64::try_from(*seconds).unwrap_or(i64::MAX).saturating_mul(1000))))
        }
        // `as` saturates.
        Some(Json::Fraction(seconds)) => Ok(Some(WallTime((seconds * 1000.0) as i64))),
        Some(_) => Err(Refused::Claims),
    }
}

/// Returns a name if the audit and logs can show it.
fn name(text: &str) -> Option<&str> {
    let fits = !text.is_empty() && text.len() <= MAX_NAME_BYTES && !text.chars().any(char::is_control);
    fits.then_some(text)
}
