//! Creates or reads the installation record: the number of shards, and the id and the secret of the installation.

use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::error::Failure;
use crate::ids::InstanceId;
use crate::opaque_id::Secret;
use crate::store::{Installation, StoreError};

pub const READ: &str = "/* usher:read_installation */
    SELECT shards, instance_id, secret FROM installation";
/// Uses only columns that every version of the schema has.
const INSTANCE: &str = "/* usher:read_instance */ SELECT instance_id FROM installation LIMIT 1";
/// Returns whether other tables have rows although there is no installation record.
const USED: &str = "/* usher:is_used */ SELECT EXISTS (SELECT FROM shards) OR EXISTS (SELECT FROM tenants)";
/// Of two first starts at the same time the second one waits, and finds the record of the first one.
const LOCK: &str = "/* usher:lock_installation */ LOCK TABLE installation IN SHARE ROW EXCLUSIVE MODE";
const CREATE_SHARDS: &str = "/* usher:create_shards */
    INSERT INTO shards (shard_id, epoch, owner_token, seq, tick_ms, wall_ms, wall_high_ms, last_tenant_no, last_event_no)
    SELECT shard, 0, $2, 0, 0, 0, 0, 0, 0 FROM generate_series(0, $1::integer - 1) AS shard";
const CREATE_OWNERS: &str = "/* usher:create_owners */
    INSERT INTO owners (shard_id, epoch, token, former_token, former_seq)
    SELECT shard, 0, $2, $2, 0 FROM generate_series(0, $1::integer - 1) AS shard";
const CREATE_FLOORS: &str = "/* usher:create_floors */
    INSERT INTO audit_floor (shard_id, first_event_no) SELECT shard, 1 FROM generate_series(0, $1::integer - 1) AS shard";
const CREATE: &str =
    "/* usher:create_installation */ INSERT INTO installation (instance_id, secret, shards) VALUES ($1, $2, $3)";

pub async fn read_or_create(client: &mut Client, wanted: Installation) -> Result<Installation, Failure> {
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

/// Creates the record within a transaction of the caller. Returns the existing record, if there is one.
pub async fn create_or_read(client: &Client, wanted: Installation) -> Result<Option<Installation>, Failure> {
    client.batch_execute(LOCK).await?;
    if let Some(found) = read(client).await? {
        return Ok(Some(found));
    }
    client.execute(CREATE_SHARDS, &[&i32::from(wanted.shards), &Uuid::nil()]).await?;
    let shards = i32::from(wanted.shards);
    client.execute(CREATE_OWNERS, &[&shards, &Uuid::nil()]).await?;
    client.execute(CREATE_FLOORS, &[&shards]).await?;
    client.execute(CREATE, &[&wanted.instance.0, &wanted.secret.bytes().as_slice(), &shards]).await?;
    Ok(None)
}

/// The installation record; `None`: it was not created yet.
pub async fn read(client: &Client) -> Result<Option<Installation>, Failure> {
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

/// Id of the installation in a store of any schema version.
pub async fn instance(client: &Client) -> Result<Option<InstanceId>, Failure> {
    let row = client.query_opt(INSTANCE, &[]).await?;
    Ok(row.map(|row| row.try_get(0).map(InstanceId)).transpose()?)
}

fn from_row(row: &Row) -> Result<Installation, StoreError> {
    let count: i32 = row.try_get(0)?;
    let shards = u16::try_from(count).ok().filter(|shards| *shards > 0);
    let shards = shards.ok_or_else(|| StoreError(format!("shards: is {count}")))?;
    let secret = <[u8; Secret::BYTES]>::try_from(row.try_get::<_, &[u8]>(2)?)
        .map_err(|_| StoreError(format!("the secret of the installation is not {} bytes long", Secret::BYTES)))?;
    Ok(Installation { shards, instance: InstanceId(row.try_get(1)?), secret: Secret::stored(secret) })
}
