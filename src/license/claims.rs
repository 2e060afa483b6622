//! What a license says (R28), and how it is written. How it is read: `parse.rs`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::host::HostPattern;
use super::{date, limit};
use crate::ids::{LicenseId, PoolId, TenantId, Text};
use crate::ledger::change::{Limit, Plan};
pub use crate::ledger::license::Tier;
use crate::ledger::time::Wall;

/// Longest name of a feature or a numeric limit, in bytes.
const MAX_NAME_BYTES: usize = 64;

/// What a license says (R28). One that was read makes sense in itself; whether it is for here, and signed by whom,
/// is another question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    pub license: LicenseId,
    /// From 1 on; a higher one of the same license replaces a lower (R27).
    pub revision: u64,
    pub tenant: TenantId,
    /// The customer as the vendor knows it.
    pub customer_id: Text,
    /// Whose name the license bears: for people only.
    pub registered_to: Text,
    /// Hosts on which it may be installed; none: on any.
    pub hosts: Vec<HostPattern>,
    /// The one installation on which it may be installed.
    pub instance: Option<Uuid>,
    pub tier: Tier,
    /// Sorted by pool, each pool once.
    pub entitlements: Vec<Entitlement>,
    /// Feature flags that are on: `CRM_ALLOWED`.
    pub features: BTreeSet<Text>,
    /// Numeric limits: `MAX_PUBLISH_LOCATIONS`.
    pub limits: BTreeMap<Text, Limit>,
    /// All three in whole seconds.
    pub issued: Wall,
    /// In force from then on; `None`: since ever.
    pub not_before: Option<Wall>,
    /// In force before then; `None`: for ever.
    pub expires: Option<Wall>,
}

/// What a license gives for one pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entitlement {
    pub pool: PoolId,
    pub plan: Plan,
    pub limit: Limit,
}

pub(super) fn parse_tier(word: &str) -> Result<Tier, &'static str> {
    let found = Tier::ALL.into_iter().find(|tier| tier.word() == word);
    found.ok_or("must be BRONZE, SILVER, GOLD or PLATINUM")
}

/// Whether a text is the name of a feature or a numeric limit: `[A-Z][A-Z0-9_]*`, at most 64 bytes.
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
    /// The payload of a document. The same claims are always the same text.
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
        // What is not said is left out: there is one way to say "any host", "no flag" and "never".
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
        json!({ "pool": self.pool.as_str(), "plan": plan_word(self.plan), "seats": limit::write(self.limit) })
    }
}
