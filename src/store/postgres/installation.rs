//! Creates or reads the installation record: the number of shards, the id and the secret of the installation, and which
//! of its databases this one is.

use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::error::Failure;
use crate::ids::InstanceId;
use crate::opaque_id::Secret;
use crate::store::{Cell, Installation, StoreError};

pub const READ: &str = "/* usher:read_installation */
    SELECT shards, instance_id, secret, cell, cells FROM installation";
/// Uses only columns that every version of the schema has.
const INSTANCE: &str = "/* usher:read_instance */ SELECT instance_id FROM installation LIMIT 1";
/// Returns whether other tables have rows although there is no installation record.
const USED: &str = "/* usher:is_used */ SELECT EXISTS (SELECT FROM shards) OR EXISTS (SELECT FROM tenants)";
/// Returns whether a process has ever claimed a shard.
const CLAIMED: &str = "/* usher:was_claimed */ SELECT EXISTS (SELECT FROM shards WHERE epoch > 0)";
/// Of two first starts at the same time the second one waits, and finds the record of the first one.
const LOCK: &str = "/* usher:lock_installation */ LOCK TABLE installation IN SHARE ROW EXCLUSIVE MODE";
const CREATE_SHARDS: &str = "/* usher:create_shards */
    INSERT INTO shards (shard_id, epoch, owner_token, seq, tick_ms, wall_ms, wall_high_ms, last_tenant_no, last_event_no)
    SELECT shard, 0, $3, 0, 0, 0, 0, 0, 0 FROM generate_series($1::integer, $2::integer - 1) AS shard";
const CREATE_OWNERS: &str = "/* usher:create_owners */
    INSERT INTO owners (shard_id, epoch, token, former_token, former_seq)
    SELECT shard, 0, $3, $3, 0 FROM generate_series($1::integer, $2::integer - 1) AS shard";
const CREATE_FLOORS: &str = "/* usher:create_floors */
    INSERT INTO audit_floor (shard_id, first_event_no) SELECT shard, 1 FROM generate_series($1::integer, $2::integer - 1) AS shard";
const CREATE: &str = "/* usher:create_installation */
    INSERT INTO installation (instance_id, secret, shards, cell, cells) VALUES ($1, $2, $3, $4, $5)";
/// The installation record of one database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    pub installation: Installation,
    /// Which of the installation's databases it is.
    pub cell: Cell,
}

/// Returns the existing record, or creates the wanted one.
pub async fn read_or_create(client: &mut Client, wanted: Record) -> Result<Record, Failure> {
    if let Some(found) = read(client).await? {
        return Ok(found);
    }
    let transaction = client.transaction().await?;
    if let Some(found) = create_or_read(transaction.client(), wanted).await? {
        return Ok(found);
    }
    transaction.commit().await?;
    Ok(wanted)
}

/// Creates the record within a transaction of the caller, and the rows of the shards that this database has. Returns the
/// existing record, if there is one.
pub async fn create_or_read(client: &Client, wanted: Record) -> Result<Option<Record>, Failure> {
    client.batch_execute(LOCK).await?;
    if let Some(found) = read(client).await? {
        return Ok(Some(found));
    }
    let Record { installation: Installation { shards, instance, secret }, cell } = wanted;
    let range = cell.shards(shards);
    let (first, end) = (i32::from(range.first), i32::from(range.end));
    client.execute(CREATE_SHARDS, &[&first, &end, &Uuid::nil()]).await?;
    client.execute(CREATE_OWNERS, &[&first, &end, &Uuid::nil()]).await?;
    client.execute(CREATE_FLOORS, &[&first, &end]).await?;
    let (number, cells) = (cell.number.cast_signed(), cell.of.cast_signed());
    let secret = secret.bytes().as_slice();
    client.execute(CREATE, &[&instance.0, &secret, &i32::from(shards), &number, &cells]).await?;
    Ok(None)
}

/// The installation record; `None`: it was not created yet.
pub async fn read(client: &Client) -> Result<Option<Record>, Failure> {
    let damaged = |what: &str| Failure::Damaged(StoreError(format!("installation: {what}")));
    // Queried first: another first start may commit between the two queries. If its shards are visible to the first
    // query, its record is visible to the second one.
    let used: bool = client.query_one(USED, &[]).await?.try_get(0)?;
    let rows = client.query(READ, &[]).await?;
    match rows.as_slice() {
        [] if used => Err(damaged("the row is not there, and others are")),
        [] => Ok(None),
        [row] => from_row(row).map(Some).map_err(|why| damaged(&why.0)),
        _ => Err(damaged("has more than one row")),
    }
}

/// Returns whether a process has ever claimed a shard of this database.
pub async fn was_claimed(client: &Client) -> Result<bool, Failure> {
    Ok(client.query_one(CLAIMED, &[]).await?.try_get(0)?)
}

/// Id of the installation in a store of any schema version.
pub async fn instance(client: &Client) -> Result<Option<InstanceId>, Failure> {
    let row = client.query_opt(INSTANCE, &[]).await?;
    Ok(row.map(|row| row.try_get(0).map(InstanceId)).transpose()?)
}

fn from_row(row: &Row) -> Result<Record, StoreError> {
    let count: i32 = row.try_get(0)?;
    let shards = u16::try_from(count).ok().filter(|shards| *shards > 0);
    let shards = shards.ok_or_else(|| StoreError(format!("shards: is {count}")))?;
    let secret = <[u8; Secret::BYTES]>::try_from(row.try_get::<_, &[u8]>(2)?)
        .map_err(|_| StoreError(format!("the secret of the installation is not {} bytes long", Secret::BYTES)))?;
    let [number, of] = [row.try_get::<_, i16>(3)?, row.try_get(4)?].map(i16::cast_unsigned);
    if number >= of || of > shards {
        return Err(StoreError(format!("cell: is {number} of {of}, with {shards} shards")));
    }
    let installation = Installation { shards, instance: InstanceId(row.try_get(1)?), secret: Secret::stored(secret) };
    Ok(Record { installation, cell: Cell { number, of } })
}
