//! The columns of organizations.

use super::table;
use crate::ids::{OrganizationId, OrganizationNo, TenantNo};
use crate::ledger::change::OrganizationRow;
use crate::ledger::time::Tick;

table! {
    "organizations", key 2,
    row: OrganizationRow {
        tenant_no: u32 = row.tenant.0,
        organization_no: u32 = row.no.0,
        organization_id: &str = row.id.as_str().into(),
        display_name: &str = (&*row.display_name).into(),
        created: u64 = row.created.0,
        version: u64 = row.version,
    },
    OrganizationRow {
        tenant: TenantNo(tenant_no),
        no: OrganizationNo(organization_no),
        id: OrganizationId::stored(organization_id),
        display_name: display_name.into(),
        created: Tick(created),
        version,
    }
}
