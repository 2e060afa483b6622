//! The tables `shards` and `owners`: owner and position of each shard.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::connection::Connection;
use super::error::Failure;
use crate::ids::{Epoch, EventNo, OwnerToken, Seq, ShardId, TenantNo};
use crate::ledger::time::{Tick, WallTime};
use crate::store::nodes::NodeRef;
use crate::store::{Claimant, Owner, Position, StoreError, continuity};

/// If a connection dies between a statement and the `Sync` after it, the server keeps the lock on the shard's row and
/// waits for the rest; `idle_in_transaction_session_timeout` does not apply then. This statement enforces the same
/// limit.
const END_SILENT: &str = "/* usher:end_silent */ SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
    AND application_name = current_setting('application_name')
    AND state = 'active' AND wait_event = 'ClientRead' AND state_change < now() - interval '3 s'";

/// Claims the shard. The inner error means that it has another owner, see [`crate::store::ClaimError::Taken`].
///
/// Compare-and-set on what was read. The UPDATE waits for a transaction that has locked the row, and evaluates the row
/// again afterward; so the position that it returns includes every batch that a former owner can have sent.
pub async fn claim(
    connection: &mut Connection,
    shard: ShardId,
    over: Option<Owner>,
    by: Claimant,
) -> Result<Result<(Owner, Position), Option<Seq>>, Failure> {
    // A former owner may have written since the block was kept.
    connection.open_block = None;
    let connection = &*connection;
    let number = shard.0.cast_signed();
    let (sql, client) = (&connection.statements, &connection.client);
    client.batch_execute(END_SILENT).await?;
    let former = match over {
        Some(over) => over,
        None => {
            let (owner, position) = read(connection, shard).await?;
            if owner.token == by.token {
                return confirm(connection, shard, owner, position, owner).await;
            }
            owner
        }
    };
    if let Some(what) = former.implausible() {
        return Err(damaged(shard, what));
    }
    let (node, generation) = columns(by.node);
    let (over, nobody) = (&former.token.0, Uuid::nil());
    let values: [&(dyn ToSql + Sync); 7] = [&number, &former.epoch.0, over, &by.token.0, &node, &generation, &nobody];
    let claimed = client.query_opt(&sql.claim, &values).await?;
    if claimed.is_some() {
        return Ok(Ok(known(claimed, shard)?));
    }
    // Either an earlier attempt succeeded and its answer was lost, or the shard has another owner.
    let (owner, position) = read(connection, shard).await?;
    if owner.token == by.token {
        return confirm(connection, shard, owner, position, former).await;
    }
    Ok(Err(last_batch_of(connection, shard, [former.token, by.token]).await?))
}

async fn read(connection: &Connection, shard: ShardId) -> Result<(Owner, Position), Failure> {
    let row = connection.client.query_opt(&connection.statements.read_shard, &[&shard.0.cast_signed()]).await?;
    known(row, shard)
}

/// Confirms an earlier attempt with a commit of its own. The earlier attempt's commit can be visible before it is on
/// all servers where it must be: a server that restarted shows commits that its synchronous standby may not have. The
/// new commit comes after all of them.
///
/// The inner error means that the shard has another owner now.
async fn confirm(
    connection: &Connection,
    shard: ShardId,
    owner: Owner,
    position: Position,
    former: Owner,
) -> Result<Result<(Owner, Position), Option<Seq>>, Failure> {
    let number = shard.0.cast_signed();
    let (same, client) = (&connection.statements.confirm, &connection.client);
    if client.execute(same, &[&number, &owner.epoch.0, &owner.token.0]).await? == 1 {
        return Ok(Ok((owner, position)));
    }
    Ok(Err(last_batch_of(connection, shard, [former.token, owner.token]).await?))
}

/// The shard's last batch when it was claimed over one of these tokens, or released with one of them; `None`: it had
/// another owner since. Nobody's token is no answer: whoever claims a shard that was released leaves the token of the
/// owner that released it.
async fn last_batch_of(
    connection: &Connection,
    shard: ShardId,
    former: [OwnerToken; 2],
) -> Result<Option<Seq>, Failure> {
    let number = shard.0.cast_signed();
    let former: Vec<Uuid> = former.map(|token| token.0).into_iter().filter(|token| !token.is_nil()).collect();
    let read = &connection.statements.read_former;
    let last = connection.client.query_opt(read, &[&number, &former]).await?;
    Ok(last.map(|row| row.try_get(0).map(Seq)).transpose()?)
}

/// Returns whether the owner owned the shard until now.
pub async fn release(
    connection: &Connection,
    shard: ShardId,
    owner: Owner,
    to: Option<NodeRef>,
) -> Result<bool, Failure> {
    let (number, nobody) = (shard.0.cast_signed(), Uuid::nil());
    let (node, generation) = columns(to);
    let values: [&(dyn ToSql + Sync); 6] = [&number, &owner.epoch.0, &owner.token.0, &nobody, &node, &generation];
    Ok(connection.client.query_opt(&connection.statements.release, &values).await?.is_some())
}

/// A node as the columns `node_id` and `generation`.
fn columns(node: Option<NodeRef>) -> (Option<Uuid>, Option<i64>) {
    node.map(|NodeRef { id, generation }| (id.0, generation)).unzip()
}

/// Parses and checks the row of a shard.
pub fn known(row: Option<Row>, shard: ShardId) -> Result<(Owner, Position), Failure> {
    let row = row.ok_or_else(|| damaged(shard, "the row is not there"))?;
    let read = owned(&row).map_err(|error| damaged(shard, &StoreError::from(error).0))?;
    read.0.implausible().map_or(Ok(read), |what| Err(damaged(shard, what)))
}

fn damaged(shard: ShardId, why: &str) -> Failure {
    Failure::Damaged(StoreError(format!("shards (shard_id {shard}): {why}")))
}

/// Parses a row with the columns of the statements `read_shard` and `claim`.
fn owned(row: &Row) -> Result<(Owner, Position), Failure> {
    let owner = Owner { epoch: Epoch(row.try_get(0)?), token: OwnerToken(row.try_get(1)?) };
    let position = Position {
        seq: Seq(row.try_get(2)?),
        tick: Tick(row.try_get::<_, i64>(3)?.cast_unsigned()),
        wall: WallTime(row.try_get(4)?),
        wall_high: WallTime(row.try_get(5)?),
        last_tenant: TenantNo(row.try_get::<_, i32>(6)?.cast_unsigned()),
        last_event: EventNo(row.try_get::<_, i64>(7)?.cast_unsigned()),
        continuity: continuity::from_bytes(row.try_get(8)?)?,
    };
    Ok((owner, position))
}
