//! Loads all rows of a shard, in chunks, as the server sends them.

use std::borrow::Cow;
use std::pin::pin;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio::sync::mpsc::Sender;
use tokio::time::timeout;
use tokio_postgres::Client;

use super::error::{Failure, damaged};
use super::{installation, node_rows, shards, snapshot};
use crate::ids::ShardId;
use crate::ledger::change::Change;
use crate::store::table::{TABLES, TableInfo};
use crate::store::{LoadPart, StoreError};

/// Rows in one message: enough to make sending cheap, few enough to use little memory.
const CHUNK_ROWS: usize = 2048;
/// Time to wait for the next row. The first row of a large table may take a while.
const ROW_TIMEOUT: Duration = Duration::from_secs(30);

/// Sends the rows, either as they are or as chunks of a snapshot.
pub async fn load<P: From<Vec<Change>>>(client: &Client, shard: ShardId, rows: &Sender<P>) -> Result<(), Failure> {
    let mut chunk = Vec::with_capacity(CHUNK_ROWS);
    for table in TABLES {
        let key: Vec<usize> = (0..table.key).collect();
        let statement = client.prepare(&select(&table)).await?;
        let found = client.query_raw(&statement, [shard.0.cast_signed()]).await?;
        let mut found = pin!(found);
        while let Some(row) = timeout(ROW_TIMEOUT, found.try_next()).await.map_err(|_| silent())?? {
            chunk.push((table.read)(&row).map_err(|error| damaged(table.name, &row, &key, error.into()))?);
            if chunk.len() == CHUNK_ROWS {
                send(rows, std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK_ROWS))).await?;
            }
        }
    }
    if chunk.is_empty() { Ok(()) } else { send(rows, chunk).await }
}

/// Sends the position and the rows as of one moment.
pub async fn load_ahead(client: &Client, shard: ShardId, parts: &Sender<LoadPart>) -> Result<(), Failure> {
    client.batch_execute(snapshot::BEGIN).await?;
    let row = client.query_opt(snapshot::READ_SHARD, &[&shard.0.cast_signed()]).await?;
    let (owner, position) = shards::known(row, shard)?;
    send_part(parts, LoadPart::Position(owner, Box::new(position))).await?;
    load(client, shard, parts).await?;
    Ok(client.batch_execute("COMMIT").await?)
}

fn select(table: &TableInfo) -> String {
    format!("/* usher:load_{} */ {} WHERE shard_id = $1", table.name, table.select())
}

/// Each table with a statement that names all its columns.
pub fn statements() -> impl Iterator<Item = (&'static str, Cow<'static, str>)> {
    let rows = TABLES.iter().map(|table| (table.name, select(table).into()));
    rows.chain([
        ("shards", snapshot::READ_SHARD.into()),
        ("installation", installation::READ.into()),
        ("audit", snapshot::read_events().into()),
        ("audit_blocks", snapshot::read_blocks().into()),
        ("audit_floor", snapshot::READ_FLOOR.into()),
        ("owners", node_rows::READ_OWNERS.into()),
        ("nodes", node_rows::READ_NODES.into()),
        ("compatibility", node_rows::READ_COMPATIBILITY.into()),
    ])
}

fn silent() -> StoreError {
    StoreError("no answer in time".into())
}

async fn send<P: From<Vec<Change>>>(rows: &Sender<P>, chunk: Vec<Change>) -> Result<(), Failure> {
    send_part(rows, chunk.into()).await
}

async fn send_part<P>(parts: &Sender<P>, part: P) -> Result<(), Failure> {
    parts.send(part).await.map_err(|_| Failure::Store(StoreError("nobody takes the rows".into())))
}
