//! The columns of licenses.

use super::table;
use crate::ids::{LicenseId, TenantNo};
use crate::ledger::change::Actor;
use crate::ledger::license::LicenseRow;
use crate::ledger::time::{Tick, WallTime};
use crate::store::{encode, entitlements as entitlement_text, terms};

table! {
    "licenses", key 3,
    row: LicenseRow {
        tenant_no: u32 = row.tenant.0,
        license_id: &str = row.id.as_str().into(),
        revision: u64 = row.revision,
        standing: i16 = row.standing.code().into(),
        revoked_up_to: Option<u64> = row.revoked_up_to,
        not_before_ms: Option<i64> = row.not_before.map(|wall| wall.0),
        expires_ms: Option<i64> = row.expires.map(|wall| wall.0),
        entitlements: &str = entitlement_text::to_text(&row.entitlements).into(),
        terms: &str = terms::to_text(&row.terms).into(),
        document: &str = (&*row.terms.document).into(),
        installed: u64 = row.installed.0,
        installed_by: &str = (&*row.installed_by.0).into(),
        changed: u64 = row.changed.0,
    },
    LicenseRow {
        tenant: TenantNo(tenant_no),
        id: LicenseId::stored(license_id),
        revision,
        standing: encode::standing(standing.into())?,
        revoked_up_to,
        not_before: not_before_ms.map(WallTime),
        expires: expires_ms.map(WallTime),
        entitlements: entitlement_text::from_text(entitlements)?,
        terms: terms::from_text(terms, document)?.into(),
        installed: Tick(installed),
        installed_by: Actor(installed_by.into()),
        changed: Tick(changed),
    }
}
