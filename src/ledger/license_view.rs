//! What is answered about licenses: what a command changed, the list, and the license page of an administrator.

use std::sync::Arc;
use std::time::Duration;

use super::change::{Actor, Limit, Plan};
use super::license::{Terms, Tier};
use super::license_fetch::LicenseFetch;
use super::outcome::{LicenseState, PoolUsage};
use super::time::Wall;
use crate::ids::{LicenseId, PoolId};

/// How one revision of a license stands now. Dates are judged by the time of licenses (R31).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Validity {
    InForce,
    NotYetValid,
    Expired,
    /// A higher revision took its place.
    Superseded,
    Revoked,
}

/// One revision of a license, as consoles show it.
#[derive(Debug, Clone, PartialEq)]
pub struct LicenseView {
    pub id: LicenseId,
    pub revision: u64,
    pub validity: Validity,
    pub not_before: Option<Wall>,
    /// `None`: never.
    pub expires: Option<Wall>,
    pub pools: Vec<(PoolId, Plan, Limit)>,
    pub terms: Arc<Terms>,
    pub installed: Wall,
    pub installed_by: Actor,
}

/// Answer of the commands that install, delete or revoke.
#[derive(Debug, Clone, PartialEq)]
pub struct LicenseChange {
    /// False: it was so already. Nothing was written.
    pub changed: bool,
    /// The pools that the license names, and every other one that is not as it was.
    pub pools: Vec<PoolChange>,
    /// As it stands afterwards; `None`: it is gone.
    pub license: Option<LicenseView>,
}

/// A pool before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolChange {
    /// `None`: nobody had named the pool before.
    pub before: Option<PoolUsage>,
    pub after: PoolUsage,
}

/// What applications may read: everything that the licenses in force give together, but seats.
#[derive(Debug, Clone, PartialEq)]
pub struct Entitlements {
    pub state: LicenseState,
    /// The highest one.
    pub tier: Option<Tier>,
    /// The union of all, sorted.
    pub features: Vec<Box<str>>,
    /// The sums by name, sorted; unlimited wins.
    pub limits: Vec<(Box<str>, Limit)>,
}

/// What an administrator's license page shows.
#[derive(Debug, Clone, PartialEq)]
pub struct LicenseInformation {
    /// As the license says that was issued last, of those in force; of all when none is.
    pub customer_id: Box<str>,
    pub registered_to: Box<str>,
    /// Of the same licenses, all patterns, sorted.
    pub hosts: Vec<Box<str>>,
    pub given: Entitlements,
    /// Every pool of the tenant.
    pub pools: Vec<PoolUsage>,
    /// Until the first of the licenses in force ends; `None`: none of them ever does.
    pub first_end: Option<Duration>,
    /// Until the last of them ends; `None`: one of them never does, or none is in force.
    pub last_end: Option<Duration>,
    /// When a license was last installed, deleted or revoked; `None`: there never was one.
    pub updated: Option<Wall>,
    /// The last look at the vendor's; `None`: nobody ever looked.
    pub fetch: Option<LicenseFetch>,
}
