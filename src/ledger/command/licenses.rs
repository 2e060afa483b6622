//! What can be asked about licenses. Their documents were verified before: the ledger sees what they say.

use std::sync::Arc;

use super::Cursor;
use crate::ids::{LicenseId, PoolId};
use crate::ledger::change::{Limit, Plan};
use crate::ledger::license::Terms;
use crate::ledger::time::Wall;

/// Installs a license, or replaces a lower revision of it (R27).
#[derive(Debug, Clone)]
pub struct InstallLicense {
    pub license: LicenseId,
    pub grant: LicenseGrant,
}

/// What one revision of a license says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LicenseGrant {
    pub revision: u64,
    /// `None`: in force from the start.
    pub not_before: Option<Wall>,
    /// `None`: never expires.
    pub expires: Option<Wall>,
    pub pools: Vec<(PoolId, Plan, Limit)>,
    pub terms: Arc<Terms>,
}

/// Deletes a license with all of its revisions (R14, R30).
#[derive(Debug, Clone)]
pub struct DeleteLicense {
    pub license: LicenseId,
}

/// Deletes every license of the tenant, which leads into demo mode (R30).
#[derive(Debug, Clone)]
pub struct DeleteLicenses;

/// Takes back every revision up to one, as a signed list of the vendor says.
#[derive(Debug, Clone)]
pub struct RevokeLicense {
    pub license: LicenseId,
    pub up_to_revision: u64,
    /// For people; stands in the audit.
    pub why: Box<str>,
}

/// Lists every revision that is kept, by license id and the newest first.
#[derive(Debug, Clone, Default)]
pub struct ListLicenses {
    pub after: Option<Cursor>,
    pub limit: usize,
}

/// What an administrator's license page shows.
#[derive(Debug, Clone)]
pub struct GetLicenseInformation;

/// What applications may know: features, limits and tier of the licenses in force.
#[derive(Debug, Clone)]
pub struct GetEntitlements;
