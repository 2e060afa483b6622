//! The table `shards`: how many there are, and who owns them.

use tokio_postgres::{Client, Error, Row};
use uuid::Uuid;

use super::connection::Connection;
use super::error::Failure;
use crate::ids::{Epoch, EventNo, OwnerToken, Seq, ShardId, TenantNo};
use crate::ledger::time::{Tick, Wall};
use crate::store::{Owner, Position, StoreError};

const COUNT: &str = "/* usher:count_shards */ SELECT count(*) FROM shards";
/// Two first starts at once: the second one waits, and finds the shards of the first.
const LOCK: &str = "/* usher:lock_shards */ LOCK TABLE shards IN SHARE ROW EXCLUSIVE MODE";
const CREATE: &str = "/* usher:create_shards */
    INSERT INTO shards (shard_id, epoch, owner_token, seq, tick_ms, wall_ms, wall_high_ms, last_tenant_no, last_event_no)
    SELECT shard, 0, $2, 0, 0, 0, 0, 0, 0 FROM generate_series(0, $1::integer - 1) AS shard";

pub async fn shards(client: &mut Client, wanted: u16) -> Result<u16, StoreError> {
    let found = count(client.query_one(COUNT, &[]).await?)?;
    if found > 0 {
        return Ok(found);
    }
    let transaction = client.transaction().await?;
    transaction.batch_execute(LOCK).await?;
    let found = count(transaction.query_one(COUNT, &[]).await?)?;
    if found > 0 {
        return Ok(found);
    }
    transaction.execute(CREATE, &[&i32::from(wanted), &Uuid::nil()]).await?;
    transaction.commit().await?;
    Ok(wanted)
}

fn count(row: Row) -> Result<u16, StoreError> {
    let count: i64 = row.try_get(0)?;
    u16::try_from(count).map_err(|_| StoreError(format!("{count} shards are too many")))
}

/// `None`: somebody else has it.
///
/// Compare-and-set on what was read. The UPDATE waits for a transaction that has the row in hand and looks again
/// when that ended, so the position it answers is behind everything that a former owner can have sent.
pub async fn claim(
    connection: &Connection,
    shard: ShardId,
    over: Option<Owner>,
    token: OwnerToken,
) -> Result<Option<(Owner, Position)>, Failure> {
    let number = shard.0.cast_signed();
    let (sql, client) = (&connection.statements, &connection.client);
    let former = match over {
        Some(over) => over,
        None => {
            let read = client.query_opt(&sql.read_shard, &[&number]).await?;
            let (owner, position) = owned(&read.ok_or_else(|| StoreError(format!("there is no shard {shard}")))?)?;
            if owner.token == token {
                return Ok(Some((owner, position)));
            }
            owner
        }
    };
    let claimed = client.query_opt(&sql.claim, &[&number, &former.epoch.0, &former.token.0, &token.0]).await?;
    if let Some(row) = claimed {
        return Ok(Some(owned(&row)?));
    }
    // An earlier attempt, whose answer was lost, or somebody else.
    let read = client.query_opt(&sql.read_shard, &[&number]).await?;
    let (owner, position) = owned(&read.ok_or_else(|| StoreError(format!("there is no shard {shard}")))?)?;
    Ok((owner.token == token).then_some((owner, position)))
}

pub async fn release(connection: &Connection, shard: ShardId, owner: Owner) -> Result<(), Failure> {
    let (statement, nobody) = (&connection.statements.release, Uuid::nil());
    let number = shard.0.cast_signed();
    connection.client.execute(statement, &[&number, &owner.epoch.0, &owner.token.0, &nobody]).await?;
    Ok(())
}

fn owned(row: &Row) -> Result<(Owner, Position), Error> {
    let owner = Owner { epoch: Epoch(row.try_get(0)?), token: OwnerToken(row.try_get(1)?) };
    let position = Position {
        seq: Seq(row.try_get(2)?),
        tick: Tick(row.try_get::<_, i64>(3)?.cast_unsigned()),
        wall: Wall(row.try_get(4)?),
        wall_high: Wall(row.try_get(5)?),
        last_tenant: TenantNo(row.try_get::<_, i32>(6)?.cast_unsigned()),
        last_event: EventNo(row.try_get::<_, i64>(7)?.cast_unsigned()),
    };
    Ok((owner, position))
}
