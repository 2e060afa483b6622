//! License revisions that deleted tenants had, by tenant id: a new tenant with the same id cannot install an older
//! revision (R27), so that deleting and creating a tenant is no way back to one.

use super::license::LicenseRow;
use crate::ids::{LicenseId, TenantId};

/// Highest number of remembered licenses of one tenant id, including installed ones.
pub const MAX_REMEMBERED: usize = 1_000;

/// Newest revision of one license that tenants with this id have had. It outlives the tenant and is never deleted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LicenseFloor {
    pub tenant: TenantId,
    pub license: LicenseId,
    pub revision: u64,
    /// See [`LicenseRow`].
    pub revoked_up_to: Option<u64>,
    /// Fingerprint of the document, because the same document may be installed again.
    pub fingerprint: u64,
}

impl LicenseFloor {
    pub(in crate::ledger) fn of(tenant: &TenantId, row: &LicenseRow) -> Self {
        Self {
            tenant: tenant.clone(),
            license: row.id.clone(),
            revision: row.revision,
            revoked_up_to: row.revoked_up_to,
            fingerprint: fingerprint(&row.terms.document),
        }
    }
}

/// FNV-1a hash. The store contains it: never change it.
pub(in crate::ledger) fn fingerprint(document: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    document.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}
