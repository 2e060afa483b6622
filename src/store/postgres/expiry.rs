//! Deletes audit events after their retention, a few at a time. The row of the block is locked meanwhile, and is
//! deleted only when none of its events is left. Two processes may delete at the same time, as a former owner may for a
//! moment: then the second one waits, and finds what the first one left.

use std::time::Duration;

use deadpool_postgres::ClientWrapper;

use crate::ids::ShardId;
use crate::ledger::time::WallTime;
use crate::store::{Expired, StoreError, encode};

/// Finds the oldest block if that block, or a later one, was complete long enough ago: its events are older than those
/// of later blocks, whatever the clock showed when it was completed. So the audit is deleted from its beginning, and
/// has no gaps.
const FIND: &str = "/* usher:find_old_audit */ SELECT first_event_no, last_event_no FROM audit_blocks
    WHERE shard_id = $1 AND last_event_no <= (SELECT max(b.last_event_no) FROM audit_blocks b JOIN shards s USING (shard_id)
        WHERE b.shard_id = $1 AND b.closed_ms <= least($2::bigint, s.wall_high_ms) - $3::bigint)
    ORDER BY last_event_no LIMIT 1 FOR UPDATE";
const DELETE: &str = "/* usher:delete_old_audit */ DELETE FROM audit WHERE shard_id = $1 AND event_no = ANY (ARRAY
    (SELECT event_no FROM audit WHERE shard_id = $1 AND event_no BETWEEN $2 AND $3 ORDER BY event_no LIMIT $4))";
/// A statement of its own, so that it sees what the previous one left.
const DELETE_BLOCK: &str =
    "/* usher:delete_old_block */ DELETE FROM audit_blocks WHERE shard_id = $1 AND last_event_no = $3
    AND NOT EXISTS (SELECT FROM audit WHERE shard_id = $1 AND event_no BETWEEN $2 AND $3)";

/// Moves the floor to the first event that is left.
const MOVE_FLOOR: &str = "/* usher:move_floor */ INSERT INTO audit_floor (shard_id, first_event_no) VALUES ($1,
    coalesce((SELECT min(event_no) FROM audit WHERE shard_id = $1 AND event_no BETWEEN $2 AND $3), $3 + 1))
    ON CONFLICT (shard_id) DO UPDATE SET first_event_no = excluded.first_event_no";

pub async fn expire(
    client: &mut ClientWrapper,
    shard: ShardId,
    now: WallTime,
    keep: Duration,
    max: usize,
) -> Result<Expired, StoreError> {
    let shard = shard.0.cast_signed();
    let keep = encode::millis(keep).min(i64::MAX as u64).cast_signed();
    // The transaction is rolled back when dropped.
    let transaction = client.transaction().await?;
    let find = transaction.prepare_cached(FIND).await?;
    // A block that another process deleted while this one waited for it is not found: the next run continues.
    let Some(block) = transaction.query_opt(&find, &[&shard, &now.0, &keep]).await? else {
        transaction.rollback().await?;
        return Ok(Expired { events: 0, more: false });
    };
    let (first, last): (i64, i64) = (block.try_get(0)?, block.try_get(1)?);
    let delete = transaction.prepare_cached(DELETE).await?;
    let limit = i64::try_from(max).unwrap_or(i64::MAX);
    let events = transaction.execute(&delete, &[&shard, &first, &last, &limit]).await?;
    if events < max as u64 {
        let delete = transaction.prepare_cached(DELETE_BLOCK).await?;
        transaction.execute(&delete, &[&shard, &first, &last]).await?;
    }
    let floor = transaction.prepare_cached(MOVE_FLOOR).await?;
    transaction.execute(&floor, &[&shard, &first, &last]).await?;
    transaction.commit().await?;
    Ok(Expired { events, more: true })
}
