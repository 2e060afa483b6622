//! Deletes audit events whose time is over, a few at a time. Each statement is a transaction of its own: a block's row
//! goes when its events are gone, so whatever comes between the two leaves nothing behind.

use std::time::Duration;

use deadpool_postgres::ClientWrapper;

use crate::ids::ShardId;
use crate::ledger::time::Wall;
use crate::store::{Expired, StoreError, encode};

const FIND: &str = "/* usher:find_old_audit */ SELECT b.first_event_no, b.last_event_no
    FROM audit_blocks b JOIN shards s USING (shard_id)
    WHERE b.shard_id = $1 AND b.closed_ms <= least($2::bigint, s.wall_high_ms) - $3::bigint
    ORDER BY b.last_event_no LIMIT 1";
const DELETE: &str = "/* usher:delete_old_audit */ DELETE FROM audit WHERE shard_id = $1 AND event_no = ANY (ARRAY
    (SELECT event_no FROM audit WHERE shard_id = $1 AND event_no BETWEEN $2 AND $3 ORDER BY event_no LIMIT $4))";
const DELETE_BLOCK: &str =
    "/* usher:delete_old_block */ DELETE FROM audit_blocks WHERE shard_id = $1 AND last_event_no = $2";

pub async fn expire(
    client: &ClientWrapper,
    shard: ShardId,
    now: Wall,
    keep: Duration,
    most: usize,
) -> Result<Expired, StoreError> {
    let shard = shard.0.cast_signed();
    let keep = encode::millis(keep).min(i64::MAX as u64).cast_signed();
    let find = client.prepare_cached(FIND).await?;
    let Some(block) = client.query_opt(&find, &[&shard, &now.0, &keep]).await? else {
        return Ok(Expired { events: 0, more: false });
    };
    let (first, last): (i64, i64) = (block.try_get(0)?, block.try_get(1)?);
    let delete = client.prepare_cached(DELETE).await?;
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let events = client.execute(&delete, &[&shard, &first, &last, &limit]).await?;
    if events < most as u64 {
        let delete = client.prepare_cached(DELETE_BLOCK).await?;
        client.execute(&delete, &[&shard, &last]).await?;
    }
    Ok(Expired { events, more: true })
}
