//! Snapshot of a store, as it is at one moment: read in one transaction, while a service may run.

use tokio::sync::mpsc::Sender;
use tokio_postgres::{Client, Error, Row};

use super::connection::Connector;
use super::error::{Failure, damaged};
use super::installation::{self, Record};
use super::{DatabaseUrl, load, schema, shards};
use crate::ids::{EventNo, ShardId, ShardRange};
use crate::ledger::change::AuditEvent;
use crate::store::StoreError;
use crate::store::audit_block::Block;
use crate::store::open::OpenError;
use crate::store::snapshot::SnapshotChunk;
use crate::store::table::{Table, select};

/// Maximum numbers of events and of blocks in a chunk.
const CHUNK_EVENTS: i64 = 4_096;
const CHUNK_BLOCKS: i64 = 256;

/// All statements see the same moment. There is no time limit.
pub const BEGIN: &str = "/* usher:begin_snapshot */
    BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0";
pub const READ_SHARD: &str = "/* usher:read_shard */
    SELECT epoch, owner_token, seq, tick_ms, wall_ms, wall_high_ms, last_tenant_no, last_event_no, continuity
    FROM shards WHERE shard_id = $1";
pub const READ_FLOOR: &str =
    "/* usher:read_floor */ SELECT shard_id, first_event_no FROM audit_floor WHERE shard_id = $1";

/// Scans the key, one chunk at a time: the server neither sorts nor keeps anything for the next chunk.
pub fn read_events() -> String {
    let select = select::<AuditEvent>();
    format!(
        "/* usher:read_all_audit */ {select}
        WHERE shard_id = $1 AND event_no > $2 AND event_no <= $3 ORDER BY event_no LIMIT $4"
    )
}

/// Scans the key, as [`read_events`] does.
pub fn read_blocks() -> String {
    let select = select::<Block>();
    format!(
        "/* usher:read_all_blocks */ {select} WHERE shard_id = $1 AND last_event_no > $2 ORDER BY last_event_no LIMIT $3"
    )
}

/// Sends all chunks of a database that has this release's schema.
///
/// # Errors
/// The database does not answer, its schema is not this release's, or the receiver is gone.
pub async fn snapshot(url: &DatabaseUrl, chunks: &Sender<SnapshotChunk>) -> Result<(), OpenError> {
    let (client, _driver) = Connector::new(url).plain().await.map_err(OpenError::Unreachable)?;
    schema::check_on(&client).await?;
    schema::tables(&client).await?;
    client.batch_execute(BEGIN).await.map_err(|error| OpenError::Unreachable(error.into()))?;
    Ok(read(&client, chunks).await?)
}

/// Sends everything that the client's transaction sees.
pub async fn read(client: &Client, chunks: &Sender<SnapshotChunk>) -> Result<(), Failure> {
    let record = installation::read(client).await?;
    send(chunks, SnapshotChunk::Installation(record.map(|record| record.installation))).await?;
    // Of several databases each has some of the shards.
    let range = record.map_or(0.into(), |Record { installation, cell }| cell.shards(installation.shards));
    count_unowned_rows(client, range, chunks).await?;
    for shard in range.iter() {
        shard_of(client, shard, chunks).await?;
    }
    Ok(())
}

/// Sends the number of rows that belong to no shard of this database, for each table.
async fn count_unowned_rows(
    client: &Client,
    shards: ShardRange,
    chunks: &Sender<SnapshotChunk>,
) -> Result<(), Failure> {
    for (table, _) in
        load::statements().filter(|(table, _)| !["installation", "nodes", "compatibility"].contains(table))
    {
        let sql = format!(
            "/* usher:count_strays */ SELECT count(*) FROM {table} WHERE shard_id < $1::integer OR shard_id >= $2::integer"
        );
        let (first, end) = (i32::from(shards.first), i32::from(shards.end));
        let rows: i64 = client.query_one(&sql, &[&first, &end]).await?.try_get(0)?;
        if rows > 0 {
            send(chunks, SnapshotChunk::UnownedRows(table, rows.unsigned_abs())).await?;
        }
    }
    Ok(())
}

async fn shard_of(client: &Client, shard: ShardId, chunks: &Sender<SnapshotChunk>) -> Result<(), Failure> {
    let number = shard.0.cast_signed();
    let row = client.query_opt(READ_SHARD, &[&number]).await?;
    let (owner, position) = shards::known(row, shard)?;
    let floor = client.query_opt(READ_FLOOR, &[&number]).await?.map(|row| self::number(&row, 1)).transpose()?;
    let missing = || Failure::Damaged(StoreError(format!("audit_floor (shard_id {shard}): the row is not there")));
    send(chunks, SnapshotChunk::Shard(shard, owner, Box::new(position), floor.ok_or_else(missing)?)).await?;
    load::load(client, shard, chunks).await?;
    // Sends blocks and events in turns, so that a reader that compares them need not keep all blocks.
    let statement = client.prepare(&read_blocks()).await?;
    let mut done = EventNo(0);
    loop {
        let rows = client.query(&statement, &[&number, &done.0.cast_signed(), &CHUNK_BLOCKS]).await?;
        let blocks = each::<Block>(&rows)?;
        let Some(last) = blocks.last().map(|block| block.last) else { break };
        send(chunks, SnapshotChunk::Blocks(blocks)).await?;
        events(client, shard, (done, last), chunks).await?;
        done = last;
    }
    events(client, shard, (done, EventNo(i64::MAX as u64)), chunks).await
}

/// Sends the events above the first number, up to the second.
async fn events(
    client: &Client,
    shard: ShardId,
    (above, last): (EventNo, EventNo),
    chunks: &Sender<SnapshotChunk>,
) -> Result<(), Failure> {
    let statement = client.prepare(&read_events()).await?;
    let (shard, last) = (shard.0.cast_signed(), last.0.cast_signed());
    let mut done = above;
    loop {
        let rows = client.query(&statement, &[&shard, &done.0.cast_signed(), &last, &CHUNK_EVENTS]).await?;
        let events = each::<AuditEvent>(&rows)?;
        let Some(last) = events.last() else { return Ok(()) };
        done = last.no;
        send(chunks, SnapshotChunk::Events(events)).await?;
    }
}

fn number(row: &Row, column: usize) -> Result<EventNo, Error> {
    row.try_get::<_, i64>(column).map(|no| EventNo(no.cast_unsigned()))
}

fn each<T: Table>(rows: &[Row]) -> Result<Vec<T>, Failure> {
    rows.iter().map(|row| T::read(row).map_err(|error| damaged(T::NAME, row, &[0], error.into()))).collect()
}

async fn send(chunks: &Sender<SnapshotChunk>, chunk: SnapshotChunk) -> Result<(), StoreError> {
    chunks.send(chunk).await.map_err(|_| StoreError("nobody takes the pieces".into()))
}
