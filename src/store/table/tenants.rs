//! The columns of tenants.

use std::borrow::Cow;

use super::table;
use crate::ids::{TenantId, TenantNo};
use crate::ledger::change::TenantRow;
use crate::ledger::time::Tick;
use crate::store::encode;

table! {
    "tenants", key 1,
    row: TenantRow {
        tenant_no: u32 = row.no.0,
        tenant_id: &str = row.id.as_str().into(),
        display_name: &str = (&*row.display_name).into(),
        contact: &str = (&*row.contact).into(),
        state: i16 = encode::tenant_state_code(row.state).into(),
        policy: &str = encode::policy_to_text(&row.policy).into(),
        created: u64 = row.created.0,
        version: u64 = row.version,
        license_fetch: Option<&str> = row.license_fetch.as_ref().map(encode::license_fetch_to_text).map(Cow::Owned),
    },
    TenantRow {
        no: TenantNo(tenant_no),
        id: TenantId::stored(tenant_id),
        display_name: display_name.into(),
        contact: contact.into(),
        state: encode::tenant_state(state.into())?,
        policy: encode::policy_from_text(policy)?,
        created: Tick(created),
        version,
        license_fetch: license_fetch.map(encode::license_fetch_from_text).transpose()?,
    }
}
