//! The columns of sessions.

use std::time::Duration;

use uuid::Uuid;

use super::table;
use crate::ids::{DeviceId, OrganizationNo, PoolNo, SessionId, SessionNo, TenantNo, UserNo};
use crate::ledger::change::SessionRow;
use crate::ledger::time::Tick;
use crate::store::encode;

table! {
    "sessions", key 3,
    row: SessionRow {
        tenant_no: u32 = row.tenant.0,
        user_no: u32 = row.user.0,
        slot: u16 = row.no.0,
        session_id: Uuid = row.id.0,
        pool_no: u16 = row.pool.0,
        organization_no: Option<u32> = row.organization.map(|no| no.0),
        device_id: &str = row.device.as_str().into(),
        client: &str = (&*row.client).into(),
        administrator: bool = row.administrator,
        exempt: bool = row.exempt,
        started: u64 = row.started.0,
        last_activity: u64 = row.last_activity.0,
        lease_ttl_ms: u64 = encode::millis(row.lease_ttl),
        ended: Option<i64> = row.ended.map(|(at, _)| at.0.cast_signed()),
        ended_reason: Option<i16> = row.ended.map(|(_, reason)| reason.code().into()),
        // NULL in rows of releases that did not know it.
        signed_in: Option<u64> = Some(row.signed_in.0),
        silent_since: Option<u64> = row.silent_since.map(|at| at.0),
    },
    SessionRow {
        tenant: TenantNo(tenant_no),
        user: UserNo(user_no),
        no: SessionNo(slot),
        id: SessionId(session_id),
        pool: PoolNo(pool_no),
        organization: organization_no.map(OrganizationNo),
        device: DeviceId::stored(device_id),
        client: client.into(),
        administrator,
        exempt,
        started: Tick(started),
        signed_in: Tick(signed_in.unwrap_or(started)),
        last_activity: Tick(last_activity),
        lease_ttl: Duration::from_millis(lease_ttl_ms),
        silent_since: silent_since.map(Tick),
        ended: encode::ended(ended, ended_reason.map(i64::from))?,
    }
}
