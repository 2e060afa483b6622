//! The columns of pools.

use super::table;
use crate::ids::{PoolId, PoolNo, TenantNo};
use crate::ledger::change::PoolRow;

table! {
    "pools", key 2,
    row: PoolRow {
        tenant_no: u32 = row.tenant.0,
        pool_no: u16 = row.no.0,
        pool_id: &str = row.id.as_str().into(),
    },
    PoolRow { tenant: TenantNo(tenant_no), no: PoolNo(pool_no), id: PoolId::stored(pool_id) }
}
