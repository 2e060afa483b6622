//! Commits a batch: one transaction behind the fence.

use rusqlite::{Connection, TransactionBehavior, params};

use super::database::Database;
use super::{audit_blocks, error, row};
use crate::ids::ShardId;
use crate::store::audit_block::OpenBlock;
use crate::store::{Batch, CommitError, Owner, continuity};

/// The fence: for a former owner, or a batch that was sent twice, it writes NULL into a column that is NOT NULL.
const FENCE: &str = "/* usher:fence */ UPDATE shards SET
    seq = CASE WHEN epoch = ?2 AND owner_token = ?3 AND seq = ?4 - 1 THEN ?4 ELSE NULL END,
    tick_ms = ?5, wall_ms = ?6, wall_high_ms = ?7, last_tenant_no = ?8, last_event_no = ?9, continuity = ?10
    WHERE shard_id = ?1";

pub fn commit(database: &mut Database, shard: ShardId, owner: Owner, batch: &Batch) -> Result<(), CommitError> {
    let open = database.take_open_block(shard);
    let connection = database.connection()?;
    match transact(connection, shard, owner, batch, open) {
        Ok(open) => {
            database.keep_open_block(shard, open);
            // A commit into a file that no restart will find is not acknowledged.
            database.is_there().map_err(CommitError::Unknown)
        }
        Err(error) => {
            if matches!(error, CommitError::Unknown(_) | CommitError::NotWritable(_) | CommitError::Damaged(_)) {
                // The next attempt, or a claim, then reads what is on disk.
                database.broken();
            }
            Err(error)
        }
    }
}

/// `open` is the open block of the shard; `None`: it is read from the stored events. Returns the next open block.
fn transact(
    connection: &mut Connection,
    shard: ShardId,
    owner: Owner,
    batch: &Batch,
    open: Option<OpenBlock>,
) -> Result<OpenBlock, CommitError> {
    // The transaction is rolled back when dropped.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(error::unknown)?;
    if fence(&transaction, shard, owner, batch).map_err(error::refused)? != 1 {
        return Err(CommitError::Fenced);
    }
    let open = open.map_or_else(|| audit_blocks::resume(&transaction, shard), Ok);
    let mut open = open?;
    for change in &batch.rows {
        row::write(&transaction, shard, change).map_err(error::refused)?;
    }
    for event in &batch.events {
        row::write_event(&transaction, shard, event).map_err(error::refused)?;
    }
    for block in open.extend(batch) {
        row::write_block(&transaction, shard, &block).map_err(error::refused)?;
    }
    fail_point!("before-commit");
    transaction.commit().map_err(error::unknown)?;
    Ok(open)
}

fn fence(connection: &Connection, shard: ShardId, owner: Owner, batch: &Batch) -> rusqlite::Result<usize> {
    let position = &batch.position;
    connection.prepare_cached(FENCE)?.execute(params![
        shard.0,
        owner.epoch.0,
        owner.token.0.as_bytes(),
        position.seq.0,
        position.tick.0.cast_signed(),
        position.wall.0,
        position.wall_high.0,
        position.last_tenant.0,
        position.last_event.0.cast_signed(),
        continuity::to_bytes(&position.continuity),
    ])
}
