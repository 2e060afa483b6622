//! Reads the audit, newest first: the events after the last block, then those of the blocks that may contain matches.

use std::sync::LazyLock;

use rusqlite::{Connection, named_params};

use super::audit_blocks;
use crate::ids::{EventNo, OrganizationId, PoolId, UserId};
use crate::ledger::change::AuditEvent;
use crate::store::audit_search::{Range, Search};
use crate::store::table::{Table, select};
use crate::store::{AuditPage, AuditQuery, StoreError};

/// Scans the key in descending order, and skips what the filters exclude.
static READ: LazyLock<String> =
    LazyLock::new(|| format!("/* usher:read_audit */ {}{MATCHING}", select::<AuditEvent>()));
const MATCHING: &str = "
    WHERE shard_id = :shard AND event_no >= :first AND event_no <= :last AND tenant_no = :tenant
      AND (:user IS NULL OR user_id = :user)
      AND (:actor IS NULL OR actor = :actor)
      AND (:action IS NULL OR action = :action)
      AND (:denied IS NULL OR (coalesce(reason, 100) < 100) = :denied)
      AND (:reason IS NULL OR reason = :reason)
      AND (:from IS NULL OR at_ms >= :from)
      AND (:until IS NULL OR at_ms < :until)
      AND (:pool IS NULL OR pool_id = :pool)
      AND (:session IS NULL OR session_id = :session)
      AND (:organization IS NULL OR organization_id = :organization)
      AND (:count IS NULL OR count >= :count)
      AND (:detail IS NULL OR instr(detail, :detail) > 0)
    ORDER BY event_no DESC LIMIT :limit";

pub fn read(connection: &Connection, query: &AuditQuery) -> Result<AuditPage, StoreError> {
    // Blocks that are completed from here on contain only events that are newer than everything read here.
    let last_block = audit_blocks::last(connection, query.shard)?;
    let mut events = Vec::new();
    let newest = Range { first: EventNo(last_block.0 + 1), last: EventNo(i64::MAX as u64) };
    walk(connection, query, newest, &mut events)?;
    if events.len() == query.limit {
        let next = events.last().map(|event| event.no);
        return Ok(AuditPage { events, next, blocks: 0 });
    }
    let Search { chosen, rest, .. } = audit_blocks::search(connection, query, last_block)?;
    for (at, block) in chosen.iter().enumerate() {
        walk(connection, query, *block, &mut events)?;
        if events.len() == query.limit {
            let next = events.last().map(|event| event.no);
            return Ok(AuditPage { events, next, blocks: at + 1 });
        }
    }
    Ok(AuditPage { events, next: rest, blocks: chosen.len() })
}

fn walk(
    connection: &Connection,
    query: &AuditQuery,
    range: Range,
    events: &mut Vec<AuditEvent>,
) -> Result<(), StoreError> {
    let last = query.before.map_or(range.last, |before| range.last.min(EventNo(before.0.saturating_sub(1))));
    let mut statement = connection.prepare_cached(&READ)?;
    let mut rows = statement.query(named_params! {
        ":shard": query.shard.0,
        ":tenant": query.tenant.0,
        ":first": range.first.0.cast_signed(),
        ":last": last.0.cast_signed(),
        ":user": query.user.as_ref().map(UserId::as_str),
        ":actor": query.actor,
        ":action": query.action.map(|action| action.code()),
        ":denied": query.denied,
        ":reason": query.reason,
        ":from": query.from.map(|wall| wall.0),
        ":until": query.until.map(|wall| wall.0),
        ":pool": query.pool.as_ref().map(PoolId::as_str),
        ":session": query.session.map(|id| id.0.into_bytes()),
        ":organization": query.organization.as_ref().map(OrganizationId::as_str),
        ":count": query.count,
        ":detail": query.detail,
        ":limit": i64::try_from(query.limit - events.len()).unwrap_or(i64::MAX),
    })?;
    while let Some(row) = rows.next()? {
        events.push(Table::read(row)?);
    }
    Ok(())
}
