//! Reads the claims of a license, strictly, because an overlooked claim could be a restriction.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::claims::{Claims, Entitlement, is_name, parse_plan, parse_tier};
use super::host::HostPattern;
use super::overdraft::Overdraft;
use super::{date, limit};
use crate::ids::{LicenseId, PoolId, TenantId, Text};
use crate::json::{MAX_NUMBER, Member, Object, Wrong};
use crate::ledger::change::{Limit, Plan};

/// Longest text for people, in bytes.
const MAX_TEXT_BYTES: usize = 256;

const NAME: &str = "must be A-Z, then A-Z, 0-9 and _, at most 64 in all";

impl Claims {
    /// Reads the payload of a document.
    ///
    /// # Errors
    /// [`Wrong`] names the first claim that is missing, unknown, or invalid.
    pub fn parse(payload: &[u8]) -> Result<Self, Wrong> {
        let mut object = Object::parse(payload)?;
        let claims = Claims {
            license: object.need("jti")?.parsed(LicenseId::parse)?,
            revision: object.need("revision")?.number(1..=MAX_NUMBER)?,
            tenant: object.need("sub")?.parsed(TenantId::parse)?,
            customer_id: object.need("customer_id")?.parsed(text)?,
            registered_to: object.need("registered_to")?.parsed(text)?,
            hosts: object.may("hosts").map_or(Ok(Vec::new()), hosts)?,
            instance: object.may("instance_id").map(|member| member.parsed(instance)).transpose()?,
            tier: object.need("tier")?.parsed(parse_tier)?,
            entitlements: entitlements(object.need("entitlements")?)?,
            features: object.may("features").map_or(Ok(BTreeSet::new()), features)?,
            limits: object.may("limits").map_or(Ok(BTreeMap::new()), limits)?,
            issued: date::read(&object.need("iat")?)?,
            not_before: object.may("nbf").map(|member| date::read(&member)).transpose()?,
            expires: object.may("exp").map(|member| date::read(&member)).transpose()?,
        };
        object.end()?;
        claims.consistent()
    }

    /// Checks that the claims are consistent with each other.
    fn consistent(self) -> Result<Self, Wrong> {
        let wrong = |member: &str, what: &str| Err(Wrong { member: member.into(), what: what.into() });
        if self.expires.is_some_and(|end| self.not_before.is_some_and(|from| end <= from)) {
            return wrong("exp", "must be later than nbf");
        }
        if self.expires.is_some_and(|end| end <= self.issued) {
            return wrong("exp", "must be later than iat");
        }
        if self.entitlements.is_empty() && self.features.is_empty() && self.limits.is_empty() {
            return wrong("entitlements", "must not be empty where there are no features and no limits, either");
        }
        Ok(self)
    }
}

/// Parses a text for people, such as `registered_to`: 1 to 256 bytes, no control characters, no white space at either
/// end.
///
/// # Errors
/// The mistake in the text.
pub fn text(text: &str) -> Result<Text, &'static str> {
    if text.is_empty() {
        Err("must not be empty")
    } else if text.len() > MAX_TEXT_BYTES {
        Err("must be at most 256 bytes long")
    } else if text.chars().any(char::is_control) {
        Err("must not contain control characters")
    } else if text.trim().len() != text.len() {
        Err("must not start or end with white space")
    } else {
        Ok(text.into())
    }
}

/// Parses a UUID in its canonical form only, so that documents with the same content have the same text.
pub(super) fn instance(text: &str) -> Result<Uuid, &'static str> {
    let parsed = Uuid::try_parse(text).ok().filter(|id| id.to_string() == text);
    parsed.ok_or("must be an instance id: a UUID in lower case, with hyphens")
}

fn hosts(list: Member) -> Result<Vec<HostPattern>, Wrong> {
    let empty = list.wrong("must not be empty; without it, the license is for any host");
    let mut hosts: Vec<HostPattern> = Vec::new();
    for item in list.list()? {
        let host = item.parsed(HostPattern::parse)?;
        if hosts.contains(&host) {
            return Err(item.wrong("stands twice"));
        }
        hosts.push(host);
    }
    if hosts.is_empty() { Err(empty) } else { Ok(hosts) }
}

fn entitlements(list: Member) -> Result<Vec<Entitlement>, Wrong> {
    let mut pools = BTreeMap::new();
    for item in list.list()? {
        let mut object = item.object()?;
        let pool = object.need("pool")?;
        let mut entitlement = Entitlement {
            pool: pool.parsed(PoolId::parse)?,
            plan: object.need("plan")?.parsed(parse_plan)?,
            limit: limit::read(&object.need("seats")?)?,
            overdraft: Overdraft::NONE,
        };
        if let Some(member) = object.may("overdraft") {
            entitlement.overdraft = Overdraft::read(&member)?;
            if entitlement.plan == Plan::Named {
                return Err(member.wrong("a named pool has none"));
            }
            if entitlement.limit == Limit::Unlimited {
                return Err(member.wrong("an unlimited pool has none"));
            }
        }
        object.end()?;
        if pools.insert(entitlement.pool.clone(), entitlement).is_some() {
            return Err(pool.wrong("stands twice"));
        }
    }
    Ok(pools.into_values().collect())
}

fn features(list: Member) -> Result<BTreeSet<Text>, Wrong> {
    let mut features = BTreeSet::new();
    for item in list.list()? {
        let name = item.text()?;
        if !is_name(name) {
            return Err(item.wrong(NAME));
        }
        if !features.insert(name.into()) {
            return Err(item.wrong("stands twice"));
        }
    }
    Ok(features)
}

fn limits(map: Member) -> Result<BTreeMap<Text, Limit>, Wrong> {
    let mut limits = BTreeMap::new();
    for (name, limit) in map.object()?.rest() {
        if !is_name(&name) {
            return Err(limit.wrong(NAME));
        }
        limits.insert(name.into(), limit::read(&limit)?);
    }
    Ok(limits)
}
