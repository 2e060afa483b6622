//! A batch: one transaction behind the fence.

use rusqlite::{Connection, TransactionBehavior, params};

use super::database::Database;
use super::{audit_index, error, row};
use crate::ids::ShardId;
use crate::store::{Batch, CommitError, Owner};

/// The fence: a stale owner, or a batch sent twice, writes NULL into a column that does not take it.
const FENCE: &str = "/* usher:fence */ UPDATE shards SET
    seq = CASE WHEN epoch = ?2 AND owner_token = ?3 AND seq = ?4 - 1 THEN ?4 ELSE NULL END,
    tick_ms = ?5, wall_ms = ?6, wall_high_ms = ?7, last_tenant_no = ?8, last_event_no = ?9
    WHERE shard_id = ?1";

pub fn commit(database: &mut Database, shard: ShardId, owner: Owner, batch: &Batch) -> Result<(), CommitError> {
    let connection = database.connection().map_err(CommitError::Unknown)?;
    let result = transact(connection, shard, owner, batch);
    if matches!(result, Err(CommitError::Unknown(_))) {
        // The claim that follows reads what is on the disk.
        database.broken();
    }
    result
}

fn transact(connection: &mut Connection, shard: ShardId, owner: Owner, batch: &Batch) -> Result<(), CommitError> {
    // Rolled back when dropped.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(error::unknown)?;
    let indexed = audit_index::indexed(&transaction, shard).map_err(error::unknown)?;
    if fence(&transaction, shard, owner, batch).map_err(error::refused)? != 1 {
        return Err(CommitError::Fenced);
    }
    for change in &batch.rows {
        row::write(&transaction, shard, change).map_err(error::refused)?;
    }
    for event in &batch.events {
        row::write_event(&transaction, shard, event).map_err(error::refused)?;
        if event.no <= indexed {
            audit_index::add(&transaction, shard, event.no).map_err(error::refused)?;
        }
    }
    audit_index::extend(&transaction, shard, indexed, batch.position.last_event).map_err(error::refused)?;
    die_here!(BeforeCommit);
    transaction.commit().map_err(error::unknown)
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
    ])
}
