//! The columns of audit events.

use uuid::Uuid;

use super::table;
use crate::ids::{EventNo, OrganizationId, PoolId, SessionId, TenantNo, UserId};
use crate::ledger::change::{Actor, AuditEvent};
use crate::ledger::time::WallTime;
use crate::store::encode;

table! {
    "audit", key 1,
    row: AuditEvent {
        event_no: u64 = row.no.0,
        tenant_no: u32 = row.tenant.0,
        at_ms: i64 = row.at.0,
        actor: &str = (&*row.actor.0).into(),
        action: i16 = row.action.code().into(),
        reason: Option<i16> = row.reason.map(|reason| reason.code().into()),
        user_id: Option<&str> = row.user.as_ref().map(|id| id.as_str().into()),
        pool_id: Option<&str> = row.pool.as_ref().map(|id| id.as_str().into()),
        session_id: Option<Uuid> = row.session.map(|id| id.0),
        organization_id: Option<&str> = row.organization.as_ref().map(|id| id.as_str().into()),
        count: i64 = row.count.into(),
        detail: &str = (&*row.detail).into(),
    },
    AuditEvent {
        no: EventNo(event_no),
        tenant: TenantNo(tenant_no),
        at: WallTime(at_ms),
        actor: Actor(actor.into()),
        action: encode::action(action.into())?,
        reason: encode::reason(reason.map(i64::from))?,
        user: user_id.map(UserId::stored),
        pool: pool_id.map(PoolId::stored),
        session: session_id.map(SessionId),
        organization: organization_id.map(OrganizationId::stored),
        count: encode::count(count)?,
        detail: detail.into(),
    }
}
