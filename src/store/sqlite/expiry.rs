//! Deletes audit events after their retention, a few at a time.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::audit_blocks::number;
use crate::ids::ShardId;
use crate::ledger::time::WallTime;
use crate::store::{Expired, StoreError, encode};

/// Finds the oldest block if that block, or a later one, was complete long enough ago: its events are older than those
/// of later blocks, whatever the clock showed when it was completed. So the audit is deleted from its beginning, and
/// has no gaps.
const FIND: &str = "/* usher:find_old_audit */ SELECT first_event_no, last_event_no FROM audit_blocks
    WHERE shard_id = ?1 AND last_event_no <= (SELECT max(b.last_event_no) FROM audit_blocks b JOIN shards s USING (shard_id)
        WHERE b.shard_id = ?1 AND b.closed_ms <= min(?2, s.wall_high_ms) - ?3)
    ORDER BY last_event_no LIMIT 1";
const DELETE: &str = "/* usher:delete_old_audit */ DELETE FROM audit WHERE shard_id = ?1 AND event_no IN
    (SELECT event_no FROM audit WHERE shard_id = ?1 AND event_no >= ?2 AND event_no <= ?3 ORDER BY event_no LIMIT ?4)";
const DELETE_BLOCK: &str =
    "/* usher:delete_old_block */ DELETE FROM audit_blocks WHERE shard_id = ?1 AND last_event_no = ?2";

/// Moves the floor to the first event that is left.
const MOVE_FLOOR: &str = "/* usher:move_floor */ REPLACE INTO audit_floor (shard_id, first_event_no) VALUES (?1,
    coalesce((SELECT min(event_no) FROM audit WHERE shard_id = ?1 AND event_no BETWEEN ?2 AND ?3), ?3 + 1))";

pub fn expire(
    connection: &mut Connection,
    shard: ShardId,
    now: WallTime,
    keep: Duration,
    max: usize,
) -> Result<Expired, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let keep = encode::millis(keep).min(i64::MAX as u64).cast_signed();
    let block = transaction
        .prepare_cached(FIND)?
        .query_row((shard.0, now.0, keep), |row| Ok((number(row, 0)?, number(row, 1)?)))
        .optional()?;
    let Some((first, last)) = block else { return Ok(Expired { events: 0, more: false }) };
    let (first, last) = (first.0.cast_signed(), last.0.cast_signed());
    let limit = i64::try_from(max).unwrap_or(i64::MAX);
    let deleted = transaction.prepare_cached(DELETE)?.execute((shard.0, first, last, limit))?;
    if deleted < max {
        transaction.prepare_cached(DELETE_BLOCK)?.execute((shard.0, last))?;
    }
    transaction.prepare_cached(MOVE_FLOOR)?.execute((shard.0, first, last))?;
    transaction.commit()?;
    Ok(Expired { events: deleted as u64, more: true })
}
