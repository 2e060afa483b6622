//! The audit, newest first.

use rusqlite::{Connection, Row, named_params};
use uuid::Uuid;

use super::load::{optional_text, text};
use crate::ids::{EventNo, OrganizationId, PoolId, SessionId, TenantNo, UserId};
use crate::ledger::change::{Actor, AuditEvent};
use crate::ledger::time::Wall;
use crate::store::{AuditQuery, StoreError, encode};

/// A walk down the key from `before`, past what the filters leave out.
const READ: &str = "/* usher:read_audit */
    SELECT tenant_no, event_no, at_ms, actor, action, reason, user_id, pool_id, session_id, organization_id,
           count, detail
    FROM audit
    WHERE shard_id = :shard AND tenant_no = :tenant AND event_no < :before
      AND (:user IS NULL OR user_id = :user)
      AND (:actor IS NULL OR actor = :actor)
      AND (:action IS NULL OR action = :action)
      AND (:denied IS NULL OR (coalesce(reason, 100) < 100) = :denied)
      AND (:reason IS NULL OR reason = :reason)
      AND (:session IS NULL OR session_id = :session)
      AND (:from IS NULL OR at_ms >= :from)
      AND (:until IS NULL OR at_ms < :until)
    ORDER BY event_no DESC LIMIT :limit";

pub fn read(connection: &Connection, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
    let mut statement = connection.prepare_cached(READ)?;
    let mut rows = statement.query(named_params! {
        ":shard": query.shard.0,
        ":tenant": query.tenant.0,
        ":before": query.before.map_or(i64::MAX, |no| i64::try_from(no.0).unwrap_or(i64::MAX)),
        ":user": query.user.as_ref().map(UserId::as_str),
        ":actor": query.actor,
        ":action": query.action.map(|action| action.code()),
        ":denied": query.denied,
        ":reason": query.reason,
        ":session": query.session.as_ref().map(|id| id.0.as_bytes()),
        ":from": query.from.map(|wall| wall.0),
        ":until": query.until.map(|wall| wall.0),
        ":limit": i64::try_from(query.limit).unwrap_or(i64::MAX),
    })?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(event(row)?);
    }
    Ok(events)
}

fn event(row: &Row<'_>) -> Result<AuditEvent, StoreError> {
    Ok(AuditEvent {
        tenant: TenantNo(row.get(0)?),
        no: EventNo(row.get::<_, i64>(1)?.cast_unsigned()),
        at: Wall(row.get(2)?),
        actor: Actor(text(row, 3)?.into()),
        action: encode::action(row.get(4)?)?,
        reason: encode::reason(row.get(5)?)?,
        user: optional_text(row, 6)?.map(UserId::stored),
        pool: optional_text(row, 7)?.map(PoolId::stored),
        session: row.get::<_, Option<[u8; 16]>>(8)?.map(|bytes| SessionId(Uuid::from_bytes(bytes))),
        organization: optional_text(row, 9)?.map(OrganizationId::stored),
        count: row.get(10)?,
        detail: text(row, 11)?.into(),
    })
}
