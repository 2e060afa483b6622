//! The audit, newest first.

use deadpool_postgres::ClientWrapper;
use tokio_postgres::{Error, Row};

use crate::ids::{EventNo, OrganizationId, PoolId, SessionId, TenantNo, UserId};
use crate::ledger::change::{Actor, AuditEvent};
use crate::ledger::time::Wall;
use crate::store::{AuditQuery, StoreError, encode};

/// A walk down the key from `$3`, past what the filters leave out.
const READ: &str = "/* usher:read_audit */
    SELECT tenant_no, event_no, at_ms, actor, action, reason, user_id, pool_id, session_id, organization_id,
           count, detail
    FROM audit
    WHERE shard_id = $1 AND tenant_no = $2 AND event_no < $3
      AND ($4::text IS NULL OR user_id = $4)
      AND ($5::text IS NULL OR actor = $5)
      AND ($6::smallint IS NULL OR action = $6)
      AND ($7::boolean IS NULL OR (coalesce(reason, 100) < 100) = $7)
      AND ($8::smallint IS NULL OR reason = $8)
      AND ($9::uuid IS NULL OR session_id = $9)
      AND ($10::bigint IS NULL OR at_ms >= $10)
      AND ($11::bigint IS NULL OR at_ms < $11)
    ORDER BY event_no DESC LIMIT $12";

pub async fn read(client: &ClientWrapper, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
    let statement = client.prepare_cached(READ).await?;
    let rows = client
        .query(
            &statement,
            &[
                &query.shard.0.cast_signed(),
                &query.tenant.0.cast_signed(),
                &query.before.map_or(i64::MAX, |no| i64::try_from(no.0).unwrap_or(i64::MAX)),
                &query.user.as_ref().map(UserId::as_str),
                &query.actor,
                &query.action.map(|action| i16::from(action.code())),
                &query.denied,
                &query.reason.map(i16::from),
                &query.session.map(|id| id.0),
                &query.from.map(|wall| wall.0),
                &query.until.map(|wall| wall.0),
                &i64::try_from(query.limit).unwrap_or(i64::MAX),
            ],
        )
        .await?;
    rows.iter().map(event).collect()
}

fn event(row: &Row) -> Result<AuditEvent, StoreError> {
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
