//! A license as it is installed: what decisions need, and its terms, which only people and applications read.

use std::sync::Arc;

use super::change::{Actor, Limit, Plan};
use super::time::{Tick, Wall};
use crate::ids::{InstanceId, LicenseId, PoolNo, TenantNo};

/// The package that was bought, from the smallest to the largest. Nothing is decided by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    Bronze,
    Silver,
    Gold,
    Platinum,
}

impl Tier {
    pub const ALL: [Tier; 4] = [Tier::Bronze, Tier::Silver, Tier::Gold, Tier::Platinum];

    /// The word in documents and in the stores: never change one.
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

/// What a license says beside what decisions need (R28).
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Terms {
    /// The signed document, as it was verified. Empty: a grant without one.
    pub document: Box<str>,
    /// Names the key that signed it.
    pub key_id: Box<str>,
    pub customer_id: Box<str>,
    pub registered_to: Box<str>,
    /// Patterns of host names, with `*`; none: any host.
    pub hosts: Vec<Box<str>>,
    /// The one installation for which it was issued; `None`: any.
    pub instance: Option<InstanceId>,
    pub tier: Option<Tier>,
    /// Feature flags (`CRM_ALLOWED`), sorted, each once.
    pub features: Vec<Box<str>>,
    /// Numeric limits (`MAX_PUBLISH_LOCATIONS`), sorted by name, each once.
    pub limits: Vec<(Box<str>, Limit)>,
    pub issued: Wall,
}

/// What a license gives for one pool.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entitlement {
    pub pool: PoolNo,
    pub plan: Plan,
    pub limit: Limit,
}

/// How a revision stands beside the other ones of its license. The numbers are in the store: never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Standing {
    /// The newest revision, which decides while it is in force.
    Current = 1,
    /// A higher revision took its place (R27).
    Superseded = 2,
    /// Deleted by an administrator, and remembered: no older revision comes back.
    Deleted = 3,
    /// Taken back by the vendor: kept as a record, and not in force.
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

/// One revision of a license (R27, R28). The key is the tenant, the id and the revision.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LicenseRow {
    pub tenant: TenantNo,
    pub id: LicenseId,
    pub revision: u64,
    pub standing: Standing,
    /// The vendor revoked every revision up to this one, also those that were never installed here.
    pub revoked_up_to: Option<u64>,
    /// In force from this wall time on.
    pub not_before: Option<Wall>,
    /// In force before this wall time; `None`: never expires.
    pub expires: Option<Wall>,
    pub entitlements: Vec<Entitlement>,
    /// Shared: decisions walk over rows, and never look in here.
    pub terms: Arc<Terms>,
    pub installed: Tick,
    pub installed_by: Actor,
    /// When the license was last changed by a command: installed, superseded, deleted or revoked.
    pub changed: Tick,
}
