//! The vendor's terms for a new license.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::claims::Tier;
use super::host::HostPattern;
use super::overdraft::Overdraft;
use crate::ids::{LicenseId, PoolId, TenantId, Text};
use crate::ledger::change::{Limit, Plan};
use crate::ledger::time::WallTime;

/// The vendor's terms. A term that is missing stays as in the revised license, or has its default.
#[derive(Debug, Default)]
pub struct Terms {
    pub tenant: Option<TenantId>,
    /// Default: the license that the request contains; a first license has the id of the tenant.
    pub license: Option<LicenseId>,
    /// Default: the next revision.
    pub revision: Option<u64>,
    pub customer_id: Option<Text>,
    pub registered_to: Option<Text>,
    /// Replaces all previous ones.
    pub hosts: Option<Vec<HostPattern>>,
    pub instance: Option<Uuid>,
    pub tier: Option<Tier>,
    pub seats: BTreeMap<PoolId, Limit>,
    pub plans: BTreeMap<PoolId, Plan>,
    pub overdrafts: BTreeMap<PoolId, Overdraft>,
    /// Added to the previous ones.
    pub features: BTreeSet<Text>,
    pub limits: BTreeMap<Text, Limit>,
    pub not_before: Option<WallTime>,
    /// `Some(None)`: never expires.
    pub expires: Option<Option<WallTime>>,
}
