//! Reads the audit, newest first: the events after the last block, then those of the blocks that may contain matches.

use deadpool_postgres::ClientWrapper;
use tokio_postgres::{Error, Row, Statement};

use super::audit_blocks;
use crate::ids::{EventNo, OrganizationId, PoolId, SessionId, TenantNo, UserId};
use crate::ledger::change::{Actor, AuditEvent};
use crate::ledger::time::Wall;
use crate::store::audit_search::{Range, Search};
use crate::store::{AuditPage, AuditQuery, StoreError, encode};

/// Scans the key in descending order, and skips what the filters exclude.
const READ: &str = "/* usher:read_audit */
    SELECT tenant_no, event_no, at_ms, actor, action, reason, user_id, pool_id, session_id, organization_id,
           count, detail
    FROM audit
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
    let statement = client.prepare_cached(READ).await?;
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
        events.push(event(&row)?);
    }
    Ok(())
}

/// Parses the columns in the order of [`READ`].
pub fn event(row: &Row) -> Result<AuditEvent, StoreError> {
    let text = |column| -> Result<&str, Error> { row.try_get(column) };
    let optional = |column| -> Result<Option<&str>, Error> { row.try_get(column) };
    let count: i64 = row.try_get(10)?;
    Ok(AuditEvent {
        tenant: TenantNo(row.try_get::<_, i32>(0)?.cast_unsigned()),
        no: EventNo(row.try_get::<_, i64>(1)?.cast_unsigned()),
        at: Wall(row.try_get(2)?),
        actor: Actor(text(3)?.into()),
        action: encode::action(row.try_get::<_, i16>(4)?.into())?,
        reason: encode::reason(row.try_get::<_, Option<i16>>(5)?.map(i64::from))?,
        user: optional(6)?.map(UserId::stored),
        pool: optional(7)?.map(PoolId::stored),
        session: row.try_get::<_, Option<_>>(8)?.map(SessionId),
        organization: optional(9)?.map(OrganizationId::stored),
        count: u32::try_from(count).unwrap_or(u32::MAX),
        detail: text(11)?.into(),
    })
}
