//! The claims of a license (R28), and how they are written; `parse.rs` reads them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::host::HostPattern;
use super::overdraft::Overdraft;
use super::{date, limit};
use crate::ids::{LicenseId, PoolId, TenantId, Text};
use crate::ledger::change::{Limit, Plan};
pub use crate::ledger::license::Tier;
use crate::ledger::time::WallTime;

/// Longest name of a feature or a numeric limit, in bytes.
const MAX_NAME_BYTES: usize = 64;

/// The claims of a license (R28). Parsed claims are consistent; whether they may be installed here and are signed by a
/// trusted key is checked elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    pub license: LicenseId,
    /// At least 1; a higher revision of the same license replaces a lower one (R27).
    pub revision: u64,
    pub tenant: TenantId,
    /// Id of the customer in the vendor's books.
    pub customer_id: Text,
    /// Name to which the license is registered: for people only.
    pub registered_to: Text,
    /// Hosts on which it may be installed; empty: any host.
    pub hosts: Vec<HostPattern>,
    /// The only installation on which it may be installed; `None`: any.
    pub instance: Option<Uuid>,
    pub tier: Tier,
    /// Sorted by pool, each pool once.
    pub entitlements: Vec<Entitlement>,
    /// Feature flags that are on: `CRM_ALLOWED`.
    pub features: BTreeSet<Text>,
    /// Numeric limits: `MAX_PUBLISH_LOCATIONS`.
    pub limits: BTreeMap<Text, Limit>,
    /// All three times are in whole seconds.
    pub issued: WallTime,
    /// In force from this time; `None`: from the beginning of time.
    pub not_before: Option<WallTime>,
    /// In force until just before this time; `None`: forever.
    pub expires: Option<WallTime>,
}

/// What a license gives for one pool: a plan, a number of seats, and what may be in use above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entitlement {
    pub pool: PoolId,
    pub plan: Plan,
    pub limit: Limit,
    /// Only in a concurrent pool with a limit (R41).
    pub overdraft: Overdraft,
}

pub(super) fn parse_tier(word: &str) -> Result<Tier, &'static str> {
    let found = Tier::ALL.into_iter().find(|tier| tier.word() == word);
    found.ok_or("must be BRONZE, SILVER, GOLD or PLATINUM")
}

/// True if a text is a valid name of a feature or a numeric limit: `[A-Z][A-Z0-9_]*`, at most 64 bytes.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    text.len() <= MAX_NAME_BYTES && text.starts_with(|c: char| c.is_ascii_uppercase()) && text.bytes().all(inner)
}

pub(super) fn plan_word(plan: Plan) -> &'static str {
    match plan {
        Plan::Named => "NAMED",
        Plan::Concurrent => "CONCURRENT",
    }
}

pub(super) fn parse_plan(word: &str) -> Result<Plan, &'static str> {
    let found = [Plan::Named, Plan::Concurrent].into_iter().find(|plan| plan_word(*plan) == word);
    found.ok_or("must be NAMED or CONCURRENT")
}

impl Claims {
    /// The payload of a document. The same claims always give the same text.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        put("jti", self.license.as_str().into());
        put("revision", self.revision.into());
        put("sub", self.tenant.as_str().into());
        put("customer_id", self.customer_id.as_str().into());
        put("registered_to", self.registered_to.as_str().into());
        put("tier", self.tier.word().into());
        put("entitlements", self.entitlements.iter().map(Entitlement::to_json).collect());
        put("iat", date::seconds(self.issued).into());
        // Defaults are left out, so that there is one way to write "any host", "no flag" and "never".
        if !self.hosts.is_empty() {
            put("hosts", self.hosts.iter().map(HostPattern::as_str).collect());
        }
        if let Some(instance) = self.instance {
            put("instance_id", instance.to_string().into());
        }
        if !self.features.is_empty() {
            put("features", self.features.iter().map(Text::as_str).collect());
        }
        if !self.limits.is_empty() {
            let limits = self.limits.iter().map(|(name, limit)| (name.to_string(), limit::write(*limit)));
            put("limits", Value::Object(limits.collect()));
        }
        if let Some(from) = self.not_before {
            put("nbf", date::seconds(from).into());
        }
        if let Some(end) = self.expires {
            put("exp", date::seconds(end).into());
        }
        Value::Object(members)
    }
}

impl Entitlement {
    fn to_json(&self) -> Value {
        let mut members =
            json!({ "pool": self.pool.as_str(), "plan": plan_word(self.plan), "seats": limit::write(self.limit) });
        if self.overdraft != Overdraft::NONE {
            members["overdraft"] = self.overdraft.write();
        }
        members
    }
}
