//! The columns of license floors.

use super::table;
use crate::ids::{LicenseId, TenantId};
use crate::ledger::license_floors::LicenseFloor;

table! {
    "license_floors", key 2,
    row: LicenseFloor {
        tenant_id: &str = row.tenant.as_str().into(),
        license_id: &str = row.license.as_str().into(),
        revision: u64 = row.revision,
        revoked_up_to: Option<u64> = row.revoked_up_to,
        fingerprint: u64 = row.fingerprint,
    },
    LicenseFloor {
        tenant: TenantId::stored(tenant_id),
        license: LicenseId::stored(license_id),
        revision,
        revoked_up_to,
        fingerprint,
    }
}
