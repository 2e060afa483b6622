//! Answers about licenses: the change by a command, the list, and an administrator's license page.

use std::sync::Arc;
use std::time::Duration;

use super::change::{Actor, Limit};
use super::license::{PoolGrant, Terms, Tier};
use super::license_fetch::LicenseFetch;
use super::outcome::{LicenseState, PoolUsage};
use super::time::WallTime;
use crate::ids::LicenseId;

/// State of one revision of a license now. Dates are judged by the time of licenses (R31).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Validity {
    InForce,
    NotYetValid,
    Expired,
    /// A higher revision replaced it.
    Superseded,
    Revoked,
}

/// One revision of a license, as a console shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct LicenseView {
    pub id: LicenseId,
    pub revision: u64,
    pub validity: Validity,
    pub not_before: Option<WallTime>,
    /// `None`: never expires.
    pub expires: Option<WallTime>,
    pub pools: Vec<PoolGrant>,
    pub terms: Arc<Terms>,
    pub installed: WallTime,
    pub installed_by: Actor,
}

/// Answer of the commands that install, delete or revoke a license.
#[derive(Debug, Clone, PartialEq)]
pub struct LicenseChange {
    /// False: nothing had to change, and nothing was written.
    pub changed: bool,
    /// The pools that the license names, and every other pool that changed.
    pub pools: Vec<PoolChange>,
    /// The license afterward; `None`: it was deleted.
    pub license: Option<LicenseView>,
}

/// A pool before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolChange {
    /// `None`: the pool did not exist before.
    pub before: Option<PoolUsage>,
    pub after: PoolUsage,
}

/// What applications may read: the sum of all licenses in force, without seats.
#[derive(Debug, Clone, PartialEq)]
pub struct Entitlements {
    pub state: LicenseState,
    /// The highest tier.
    pub tier: Option<Tier>,
    /// Union of all features, sorted.
    pub features: Vec<Box<str>>,
    /// Sums of the limits by name, sorted; unlimited plus any number is unlimited.
    pub limits: Vec<(Box<str>, Limit)>,
}

/// Content of an administrator's license page.
#[derive(Debug, Clone, PartialEq)]
pub struct LicenseInformation {
    /// From the license that was issued last, of those in force; of all if none is in force.
    pub customer_id: Box<str>,
    pub registered_to: Box<str>,
    /// Host patterns of the same licenses, sorted.
    pub hosts: Vec<Box<str>>,
    pub given: Entitlements,
    /// Every pool of the tenant.
    pub pools: Vec<PoolUsage>,
    /// Time until the first of the licenses in force ends; `None`: none of them ends.
    pub first_end: Option<Duration>,
    /// Time until the last of them ends; `None`: one of them never ends, or none is in force.
    pub last_end: Option<Duration>,
    /// Time at which a license was last installed, deleted or revoked; `None`: there never was one.
    pub updated: Option<WallTime>,
    /// Last fetch from the vendor's folder; `None`: there was none.
    pub fetch: Option<LicenseFetch>,
}
