//! What can be asked about licenses. Their documents were verified before: the ledger sees what they say.

use std::sync::Arc;

use super::Cursor;
use crate::ids::{LicenseId, PoolId, TenantId, TenantNo};
use crate::ledger::change::{Limit, Plan};
use crate::ledger::license::Terms;
use crate::ledger::license_fetch::LicenseFetch;
use crate::ledger::license_view::LicenseChange;
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

/// What a look for a license at the vendor's found: installs it if it is newer (R27).
#[derive(Debug, Clone)]
pub struct FetchLicense {
    /// Where it was looked for, as people are told of it.
    pub from: Box<str>,
    pub answer: VendorAnswer,
}

/// What the vendor had.
#[derive(Debug, Clone)]
pub enum VendorAnswer {
    /// A license that was verified.
    License(Box<InstallLicense>),
    /// No license for this tenant.
    Nothing,
    /// A document that is none for here.
    Refused { reason: &'static str, text: Box<str> },
    /// Nothing that says so: it was not reached, or its answer was an error.
    Failed(Box<str>),
}

/// Answer of [`FetchLicense`].
#[derive(Debug, Clone, PartialEq)]
pub struct LicenseFetched {
    pub fetch: LicenseFetch,
    /// The look before had found something else.
    pub news: bool,
    /// `Some`: it was installed.
    pub change: Option<LicenseChange>,
}

/// Which tenants' licenses are to be looked for: those of a shard behind this one, a part of them.
#[derive(Debug, Clone)]
pub struct DueFetches {
    pub after: TenantNo,
}

/// Answer of [`DueFetches`].
#[derive(Debug, Clone, PartialEq)]
pub struct FetchesDue {
    pub tenants: Vec<TenantId>,
    /// Behind which there are more to be looked at.
    pub next: Option<TenantNo>,
}

/// That a request goes to the vendor, or that it could not. Leaves an event, and changes nothing else.
#[derive(Debug, Clone)]
pub struct NoteLicenseRequest {
    pub to: Box<str>,
    /// What it asks for.
    pub what: Box<str>,
    /// Why it was not sent.
    pub failed: Option<Box<str>>,
}
