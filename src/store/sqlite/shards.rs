//! The table `shards`: owner and position of each shard.

use rusqlite::types::Type;
use rusqlite::{Connection, Row, TransactionBehavior, params};
use uuid::Uuid;

use super::audit_blocks;
use super::database::Database;
use super::error;
use super::row_error::damaged;
use crate::ids::{Epoch, EventNo, OwnerToken, Seq, ShardId, TenantNo};
use crate::ledger::continuity::Continuity;
use crate::ledger::time::{Tick, WallTime};
use crate::store::audit_block::OpenBlock;
use crate::store::{ClaimError, Owner, Position, ReadError, StoreError, continuity};

pub const READ: &str = "/* usher:read_shard */
    SELECT shard_id, epoch, owner_token, seq, tick_ms, wall_ms, wall_high_ms, last_tenant_no, last_event_no,
        continuity
    FROM shards WHERE shard_id = ?1";
const CLAIM: &str = "/* usher:claim */ UPDATE shards SET epoch = ?2, owner_token = ?3 WHERE shard_id = ?1";
const RELEASE: &str = "/* usher:release */
    UPDATE shards SET owner_token = ?4 WHERE shard_id = ?1 AND epoch = ?2 AND owner_token = ?3";

/// Owner and position of a claimed shard, and its open audit block.
type Claimed = ((Owner, Position), OpenBlock);

pub fn claim(
    database: &mut Database,
    shard: ShardId,
    over: Option<Owner>,
    token: OwnerToken,
) -> Result<(Owner, Position), ClaimError> {
    // A former owner may have written since the block was kept.
    database.take_open_block(shard);
    let answer = match database.connection() {
        Ok(connection) => try_claim(connection, shard, over, token),
        Err(error) => Err(error.into()),
    };
    match answer {
        Ok(Some((claimed, open))) => {
            database.keep_open_block(shard, open);
            database.is_there().map_err(ClaimError::Unavailable)?;
            Ok(claimed)
        }
        Ok(None) => Err(ClaimError::Taken(None)),
        Err(error) => {
            database.broken();
            Err(error)
        }
    }
}

/// `None`: the shard has another owner. The transaction holds the only write lock, so reading and writing are atomic.
fn try_claim(
    connection: &mut Connection,
    shard: ShardId,
    over: Option<Owner>,
    token: OwnerToken,
) -> Result<Option<Claimed>, ClaimError> {
    let failed = |error: rusqlite::Error| {
        let refused = error::is_refusal(&error);
        if refused { ClaimError::NotWritable(error.into()) } else { ReadError::from(error).into() }
    };
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let (owner, position) = read(&transaction, shard)?;
    // Reads what the next batch needs first: a shard whose next batch cannot be written is not claimed.
    let open = audit_blocks::resume(&transaction, shard)?;
    if owner.token == token {
        // An earlier attempt succeeded, and its answer was lost.
        return Ok(Some(((owner, position), open)));
    }
    if over.is_some_and(|over| over != owner) {
        return Ok(None);
    }
    let claimed = Owner { epoch: Epoch(owner.epoch.0.saturating_add(1)), token };
    let values = params![shard.0, claimed.epoch.0, token.0.as_bytes()];
    transaction.prepare_cached(CLAIM).and_then(|mut claim| claim.execute(values)).map_err(failed)?;
    transaction.commit().map_err(failed)?;
    Ok(Some(((claimed, position), open)))
}

/// Owner and position of the shard.
pub fn read(connection: &Connection, shard: ShardId) -> Result<(Owner, Position), ReadError> {
    let mut statement = connection.prepare_cached(READ)?;
    let mut rows = statement.query([shard.0])?;
    match rows.next()? {
        Some(row) => {
            let read = position(row).map_err(|error| damaged("shards", row, &[0], &error))?;
            let what = read.0.implausible();
            what.map_or(Ok(read), |what| Err(damaged("shards", row, &[0], &what)))
        }
        None => Err(ReadError::Damaged(StoreError(format!("shards (shard_id {shard}): the row is not there")))),
    }
}

fn position(row: &Row<'_>) -> rusqlite::Result<(Owner, Position)> {
    let owner = Owner { epoch: Epoch(row.get(1)?), token: OwnerToken(Uuid::from_bytes(row.get(2)?)) };
    let position = Position {
        seq: Seq(row.get(3)?),
        tick: Tick(row.get::<_, i64>(4)?.cast_unsigned()),
        wall: WallTime(row.get(5)?),
        wall_high: WallTime(row.get(6)?),
        last_tenant: TenantNo(row.get(7)?),
        last_event: EventNo(row.get::<_, i64>(8)?.cast_unsigned()),
        continuity: read_continuity(row)?,
    };
    Ok((owner, position))
}

fn read_continuity(row: &Row<'_>) -> rusqlite::Result<Continuity> {
    let bytes: Vec<u8> = row.get(9)?;
    continuity::from_bytes(&bytes)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(9, Type::Blob, Box::new(error)))
}

/// Returns whether the owner owned the shard.
pub fn release(connection: &mut Connection, shard: ShardId, owner: Owner) -> Result<bool, StoreError> {
    let nobody = Uuid::nil();
    let values = params![shard.0, owner.epoch.0, owner.token.0.as_bytes(), nobody.as_bytes()];
    Ok(connection.execute(RELEASE, values)? == 1)
}
