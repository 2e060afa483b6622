//! An installed license: the properties that decisions need, and its terms, which only people and applications read.

use std::sync::Arc;

use super::actor::Actor;
use super::limit::Limit;
use super::plan::Plan;
use super::time::{Tick, WallTime};
use crate::ids::{InstanceId, LicenseId, PoolId, PoolNo, TenantNo};

/// The package that was bought, from the smallest to the largest. No decision depends on it (R28).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    Bronze,
    Silver,
    Gold,
    Platinum,
}

impl Tier {
    pub const ALL: [Tier; 4] = [Tier::Bronze, Tier::Silver, Tier::Gold, Tier::Platinum];

    /// Word in documents and in the store: never change one.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Tier::Bronze => "BRONZE",
            Tier::Silver => "SILVER",
            Tier::Gold => "GOLD",
            Tier::Platinum => "PLATINUM",
        }
    }
}

/// Properties of a license that no decision needs (R28).
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Terms {
    /// The signed document, as it was verified; empty: a grant without a document.
    pub document: Box<str>,
    /// Id of the key that signed the document.
    pub key_id: Box<str>,
    pub customer_id: Box<str>,
    pub registered_to: Box<str>,
    /// Patterns of host names, with `*`; empty: any host.
    pub hosts: Vec<Box<str>>,
    /// The installation for which the license was issued; `None`: any.
    pub instance: Option<InstanceId>,
    pub tier: Option<Tier>,
    /// Feature flags (`CRM_ALLOWED`), sorted, without duplicates.
    pub features: Vec<Box<str>>,
    /// Numeric limits (`MAX_PUBLISH_LOCATIONS`), sorted by name, without duplicates.
    pub limits: Vec<(Box<str>, Limit)>,
    pub issued: WallTime,
}

/// What a license gives for one pool.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entitlement {
    pub pool: PoolNo,
    pub plan: Plan,
    pub limit: Limit,
    /// Seats that may be in use above the limit (R41). 0 in a named pool, and where the limit is unlimited.
    pub overdraft: u64,
}

/// The same, by the pool's id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PoolGrant {
    pub pool: PoolId,
    pub plan: Plan,
    pub limit: Limit,
    pub overdraft: u64,
}

impl From<(PoolId, Plan, Limit)> for PoolGrant {
    /// Without overdraft.
    fn from((pool, plan, limit): (PoolId, Plan, Limit)) -> Self {
        Self { pool, plan, limit, overdraft: 0 }
    }
}

/// Standing of a revision among those of its license. The store contains the numbers: never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Standing {
    /// Newest revision; decides while it is in force.
    Current = 1,
    /// Replaced by a higher revision (R27).
    Superseded = 2,
    /// Deleted by an administrator, and remembered so that no older revision is installed (R27).
    Deleted = 3,
    /// Revoked by the vendor: kept as a record, and not in force (R27).
    Revoked = 4,
}

impl Standing {
    pub const ALL: [Standing; 4] = [Standing::Current, Standing::Superseded, Standing::Deleted, Standing::Revoked];

    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.code() == code)
    }
}

/// One revision of a license (R27, R28). Key: tenant, license id, revision.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LicenseRow {
    pub tenant: TenantNo,
    pub id: LicenseId,
    pub revision: u64,
    pub standing: Standing,
    /// The vendor revoked every revision up to this one, including revisions that were never installed here.
    pub revoked_up_to: Option<u64>,
    /// In force from this wall time on; `None`: from the start.
    pub not_before: Option<WallTime>,
    /// In force before this wall time; `None`: never expires.
    pub expires: Option<WallTime>,
    pub entitlements: Vec<Entitlement>,
    /// Shared, because decisions iterate over rows and never read the terms.
    pub terms: Arc<Terms>,
    pub installed: Tick,
    pub installed_by: Actor,
    /// Time at which a command last changed the license: installed, superseded, deleted or revoked it.
    pub changed: Tick,
}
