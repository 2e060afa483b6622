//! Loads all rows of a shard, in chunks.

use std::borrow::Cow;

use rusqlite::Connection;
use tokio::sync::mpsc::Sender;

use super::row_error::damaged;
use super::{installation, shards, snapshot};
use crate::ids::ShardId;
use crate::ledger::change::Change;
use crate::store::table::{TABLES, TableInfo};
use crate::store::{LoadPart, ReadError, StoreError};

/// Rows in one message: enough to make sending cheap, few enough to use little memory.
const CHUNK_ROWS: usize = 2048;

/// Sends the rows, either as they are or as chunks of a snapshot.
pub fn load<P: From<Vec<Change>>>(connection: &Connection, shard: ShardId, rows: &Sender<P>) -> Result<(), ReadError> {
    let mut chunk = Vec::with_capacity(CHUNK_ROWS);
    for table in TABLES {
        let key: Vec<usize> = (0..table.key).collect();
        let mut statement = connection.prepare(&select(&table))?;
        let mut found = statement.query([shard.0])?;
        while let Some(row) = found.next()? {
            chunk.push((table.read)(row).map_err(|error| damaged(table.name, row, &key, &error))?);
            if chunk.len() == CHUNK_ROWS {
                send(rows, std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK_ROWS)))?;
            }
        }
    }
    if chunk.is_empty() { Ok(()) } else { Ok(send(rows, chunk)?) }
}

/// Sends the position and the rows as of one moment.
pub fn load_ahead(connection: &mut Connection, shard: ShardId, parts: &Sender<LoadPart>) -> Result<(), ReadError> {
    // All statements see the store at the moment of the first one.
    let transaction = connection.transaction()?;
    let (owner, position) = shards::read(&transaction, shard)?;
    send_part(parts, LoadPart::Position(owner, Box::new(position)))?;
    load(&transaction, shard, parts)
}

/// The rows are read in the order of the key, so reading is a scan.
fn select(table: &TableInfo) -> String {
    format!("/* usher:load_{} */ {} WHERE shard_id = ?1", table.name, table.select())
}

/// Each table with a statement that names all its columns.
pub fn statements() -> impl Iterator<Item = (&'static str, Cow<'static, str>)> {
    let rows = TABLES.iter().map(|table| (table.name, select(table).into()));
    rows.chain([
        ("shards", shards::READ.into()),
        ("installation", installation::READ.into()),
        ("audit", snapshot::read_events().into()),
        ("audit_blocks", snapshot::read_blocks().into()),
        ("audit_floor", snapshot::READ_FLOOR.into()),
    ])
}

fn send<P: From<Vec<Change>>>(rows: &Sender<P>, chunk: Vec<Change>) -> Result<(), StoreError> {
    send_part(rows, chunk.into())
}

fn send_part<P>(parts: &Sender<P>, part: P) -> Result<(), StoreError> {
    parts.blocking_send(part).map_err(|_| StoreError("nobody takes the rows".into()))
}
