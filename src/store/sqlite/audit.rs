//! The audit, newest first.

use rusqlite::{Connection, Row, named_params};
use uuid::Uuid;

use super::audit_index;
use super::load::{optional_text, text};
use crate::ids::{EventNo, OrganizationId, PoolId, SessionId, TenantNo, UserId};
use crate::ledger::change::{Actor, AuditEvent};
use crate::ledger::time::Wall;
use crate::store::{AuditQuery, StoreError, encode};

macro_rules! read {
    ($name:literal, $from:literal, $order:literal) => {
        concat!(
            "/* usher:",
            $name,
            " */ SELECT a.tenant_no, a.event_no, a.at_ms, a.actor, a.action, a.reason, a.user_id, a.pool_id,
                a.session_id, a.organization_id, a.count, a.detail
            FROM ",
            $from,
            " AND (:user IS NULL OR a.user_id = :user)
              AND (:actor IS NULL OR a.actor = :actor)
              AND (:action IS NULL OR a.action = :action)
              AND (:denied IS NULL OR (coalesce(a.reason, 100) < 100) = :denied)
              AND (:reason IS NULL OR a.reason = :reason)
              AND (:session IS NULL OR a.session_id = :session)
              AND (:from IS NULL OR a.at_ms >= :from)
              AND (:until IS NULL OR a.at_ms < :until)
            ORDER BY ",
            $order,
            " DESC LIMIT :limit"
        )
    };
}

/// The newest events, which are not indexed yet: a walk down from `before`, past other tenants' events.
const READ_NEWEST: &str = read!(
    "read_newest_audit",
    "audit a WHERE a.shard_id = :shard AND a.event_no > :indexed AND a.event_no < :before AND a.tenant_no = :tenant",
    "a.event_no"
);

/// The others: a walk down the tenant's events in the index.
const READ_INDEXED: &str = read!(
    "read_audit",
    "audit_of_tenants t CROSS JOIN audit a ON a.shard_id = t.shard_id AND a.event_no = t.event_no
     WHERE t.shard_id = :shard AND t.tenant_no = :tenant AND t.event_no <= :indexed AND t.event_no < :before",
    "t.event_no"
);

pub fn read(connection: &Connection, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
    // What is indexed only grows: an event that a batch indexes in the meantime is found by either walk.
    let indexed = audit_index::indexed(connection, query.shard)?;
    let mut events = Vec::new();
    for sql in [READ_NEWEST, READ_INDEXED] {
        walk(connection, sql, query, indexed, &mut events)?;
    }
    Ok(events)
}

fn walk(
    connection: &Connection,
    sql: &str,
    query: &AuditQuery,
    indexed: EventNo,
    events: &mut Vec<AuditEvent>,
) -> Result<(), StoreError> {
    let left = query.limit - events.len();
    if left == 0 {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(named_params! {
        ":shard": query.shard.0,
        ":tenant": query.tenant.0,
        ":indexed": indexed.0.cast_signed(),
        ":before": query.before.map_or(i64::MAX, |no| i64::try_from(no.0).unwrap_or(i64::MAX)),
        ":user": query.user.as_ref().map(UserId::as_str),
        ":actor": query.actor,
        ":action": query.action.map(|action| action.code()),
        ":denied": query.denied,
        ":reason": query.reason,
        ":session": query.session.as_ref().map(|id| id.0.as_bytes()),
        ":from": query.from.map(|wall| wall.0),
        ":until": query.until.map(|wall| wall.0),
        ":limit": i64::try_from(left).unwrap_or(i64::MAX),
    })?;
    while let Some(row) = rows.next()? {
        events.push(event(row)?);
    }
    Ok(())
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
