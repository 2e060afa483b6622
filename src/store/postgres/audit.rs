//! Reads the audit, newest first: the events after the last block, then those of the blocks that may contain matches.

use std::sync::LazyLock;

use deadpool_postgres::ClientWrapper;
use tokio_postgres::Statement;

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
    WHERE shard_id = $1 AND event_no >= $2 AND event_no <= $3 AND tenant_no = $4
      AND ($5::text IS NULL OR user_id = $5)
      AND ($6::text IS NULL OR actor = $6)
      AND ($7::smallint IS NULL OR action = $7)
      AND ($8::boolean IS NULL OR (coalesce(reason, 100) < 100) = $8)
      AND ($9::smallint IS NULL OR reason = $9)
      AND ($10::bigint IS NULL OR at_ms >= $10)
      AND ($11::bigint IS NULL OR at_ms < $11)
      AND ($12::text IS NULL OR pool_id = $12)
      AND ($13::uuid IS NULL OR session_id = $13)
      AND ($14::text IS NULL OR organization_id = $14)
      AND ($15::bigint IS NULL OR count >= $15)
      AND ($16::text IS NULL OR position($16 in detail) > 0)
    ORDER BY event_no DESC LIMIT $17";

pub async fn read(client: &ClientWrapper, query: &AuditQuery) -> Result<AuditPage, StoreError> {
    // Blocks that are completed from here on contain only events that are newer than everything read here.
    let last_block = audit_blocks::last(client, query.shard).await?;
    let statement = client.prepare_cached(&READ).await?;
    let mut events = Vec::new();
    let newest = Range { first: EventNo(last_block.0 + 1), last: EventNo(i64::MAX as u64) };
    walk(client, &statement, query, newest, &mut events).await?;
    if events.len() == query.limit {
        let next = events.last().map(|event| event.no);
        return Ok(AuditPage { events, next, blocks: 0 });
    }
    let Search { chosen, rest, .. } = audit_blocks::search(client, query, last_block).await?;
    for (at, block) in chosen.iter().enumerate() {
        walk(client, &statement, query, *block, &mut events).await?;
        if events.len() == query.limit {
            let next = events.last().map(|event| event.no);
            return Ok(AuditPage { events, next, blocks: at + 1 });
        }
    }
    Ok(AuditPage { events, next: rest, blocks: chosen.len() })
}

async fn walk(
    client: &ClientWrapper,
    statement: &Statement,
    query: &AuditQuery,
    range: Range,
    events: &mut Vec<AuditEvent>,
) -> Result<(), StoreError> {
    let last = query.before.map_or(range.last, |before| range.last.min(EventNo(before.0.saturating_sub(1))));
    let rows = client
        .query(
            statement,
            &[
                &query.shard.0.cast_signed(),
                &range.first.0.cast_signed(),
                &last.0.cast_signed(),
                &query.tenant.0.cast_signed(),
                &query.user.as_ref().map(UserId::as_str),
                &query.actor,
                &query.action.map(|action| i16::from(action.code())),
                &query.denied,
                &query.reason.map(i16::from),
                &query.from.map(|wall| wall.0),
                &query.until.map(|wall| wall.0),
                &query.pool.as_ref().map(PoolId::as_str),
                &query.session.map(|id| id.0),
                &query.organization.as_ref().map(OrganizationId::as_str),
                &query.count.map(i64::from),
                &query.detail,
                &i64::try_from(query.limit - events.len()).unwrap_or(i64::MAX),
            ],
        )
        .await?;
    for row in rows {
        events.push(Table::read(&row)?);
    }
    Ok(())
}
