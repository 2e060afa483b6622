//! Commands and queries about licenses. The documents are verified before: the ledger gets their content.

use std::sync::Arc;

use super::Cursor;
use crate::error_reason::ErrorReason;
use crate::ids::{LicenseId, TenantId, TenantNo};
use crate::ledger::model::license::{PoolGrant, Terms};
use crate::ledger::model::license_fetch::LicenseFetch;
use crate::ledger::model::license_view::LicenseChange;
use crate::ledger::model::time::WallTime;

/// Installs a license, or replaces a lower revision of it (R27).
#[derive(Debug, Clone)]
pub struct InstallLicense {
    pub license: LicenseId,
    pub grant: LicenseGrant,
}

/// Content of one revision of a license.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LicenseGrant {
    pub revision: u64,
    /// `None`: in force from the start.
    pub not_before: Option<WallTime>,
    /// `None`: never expires.
    pub expires: Option<WallTime>,
    pub pools: Vec<PoolGrant>,
    pub terms: Arc<Terms>,
}

/// Deletes a license with all of its revisions (R14, R30).
#[derive(Debug, Clone)]
pub struct DeleteLicense {
    pub license: LicenseId,
}

/// Deletes every license of the tenant, which then is in demo mode (R30).
#[derive(Debug, Clone)]
pub struct DeleteLicenses;

/// Revokes every revision up to one, as a signed list of the vendor says (R27).
#[derive(Debug, Clone)]
pub struct RevokeLicense {
    pub license: LicenseId,
    pub up_to_revision: u64,
    /// Reason for people; it is in the audit.
    pub why: Box<str>,
}

/// Lists every revision that is kept, sorted by license id, newest first.
#[derive(Debug, Clone, Default)]
pub struct ListLicenses {
    pub after: Option<Cursor>,
    pub limit: usize,
}

/// Returns the content of an administrator's license page.
#[derive(Debug, Clone)]
pub struct GetLicenseInformation;

/// Returns what applications may know: features, limits and tier of the licenses in force.
#[derive(Debug, Clone)]
pub struct GetEntitlements;

/// Records the result of a fetch from the vendor's folder, and installs the license if it is newer (R27).
#[derive(Debug, Clone)]
pub struct FetchLicense {
    /// Place of the fetch, in words for people.
    pub from: Box<str>,
    pub answer: VendorAnswer,
}

/// Answer of the vendor's folder.
#[derive(Debug, Clone)]
pub enum VendorAnswer {
    /// A license whose document was verified.
    License(Box<InstallLicense>),
    /// No license for this tenant.
    Nothing,
    /// A document that is no license for this tenant and installation.
    Refused { reason: ErrorReason, text: Box<str> },
    /// No answer: the folder was not reached, or the answer was an error.
    Failed(Box<str>),
}

/// Answer of [`FetchLicense`].
#[derive(Debug, Clone, PartialEq)]
pub struct LicenseFetched {
    pub fetch: LicenseFetch,
    /// True if the result differs from that of the fetch before.
    pub news: bool,
    /// `Some`: the license was installed.
    pub change: Option<LicenseChange>,
}

/// Tenants of a shard whose licenses are due to be fetched: a part of those after `after`.
#[derive(Debug, Clone)]
pub struct DueFetches {
    pub after: TenantNo,
}

/// Answer of [`DueFetches`].
#[derive(Debug, Clone, PartialEq)]
pub struct FetchesDue {
    pub tenants: Vec<TenantId>,
    /// Tenant to continue after; `None`: there are no more.
    pub next: Option<TenantNo>,
}

/// Records that a license request goes to the vendor, or that sending it failed. Leaves an event, and no other change.
#[derive(Debug, Clone)]
pub struct NoteLicenseRequest {
    pub to: Box<str>,
    /// Content of the request.
    pub what: Box<str>,
    /// Reason why it was not sent; `None`: it is about to be sent.
    pub failed: Option<Box<str>>,
}
