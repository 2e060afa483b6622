//! The columns of seats.

use std::borrow::Cow;

use super::table;
use crate::ids::{EventNo, PoolNo, TenantNo, UserNo};
use crate::ledger::change::SeatRow;
use crate::ledger::time::Tick;
use crate::store::encode;

table! {
    "seats", key 3,
    row: SeatRow {
        tenant_no: u32 = row.tenant.0,
        user_no: u32 = row.user.0,
        pool_no: u16 = row.pool.0,
        granted: u64 = row.granted.0,
        grant_event_no: u64 = row.order.0,
        organizations: Option<&str> = encode::access_to_text(&row.access).map(Cow::Owned),
    },
    SeatRow {
        tenant: TenantNo(tenant_no),
        user: UserNo(user_no),
        pool: PoolNo(pool_no),
        granted: Tick(granted),
        order: EventNo(grant_event_no),
        access: encode::access_from_text(organizations)?,
    }
}
