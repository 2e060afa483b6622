//! Creates or reads the installation record: the number of shards, and the id and the secret of the installation.

use rusqlite::{Connection, Row, TransactionBehavior, params};
use uuid::Uuid;

use super::row_error::damaged;
use crate::ids::InstanceId;
use crate::opaque_id::Secret;
use crate::store::{Installation, ReadError, StoreError};

pub const READ: &str = "/* usher:read_installation */
    SELECT shards, instance_id, secret FROM installation";
/// Returns whether other tables have rows although there is no installation record.
const USED: &str = "/* usher:is_used */ SELECT EXISTS (SELECT 1 FROM shards) OR EXISTS (SELECT 1 FROM tenants)";
const CREATE_SHARD: &str = "/* usher:create_shard */ INSERT INTO shards
    (shard_id, epoch, owner_token, seq, tick_ms, wall_ms, wall_high_ms, last_tenant_no, last_event_no)
    VALUES (?1, 0, ?2, 0, 0, 0, 0, 0, 0)";
const CREATE: &str =
    "/* usher:create_installation */ INSERT INTO installation (instance_id, secret, shards) VALUES (?1, ?2, ?3)";
const CREATE_FLOOR: &str = "/* usher:create_floor */ INSERT INTO audit_floor (shard_id, first_event_no) VALUES (?1, 1)";

pub fn read_or_create(connection: &mut Connection, wanted: Installation) -> Result<Installation, ReadError> {
    // This is the only write lock: no other process can create the record in between.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let Some(found) = read(&transaction)? {
        return Ok(found);
    }
    for shard in 0..wanted.shards {
        transaction.execute(CREATE_SHARD, params![shard, Uuid::nil().as_bytes()])?;
        transaction.execute(CREATE_FLOOR, [shard])?;
    }
    transaction.execute(CREATE, params![wanted.instance.0.as_bytes(), wanted.secret.bytes(), wanted.shards])?;
    transaction.commit()?;
    Ok(wanted)
}

/// The installation record; `None`: it was not created yet.
pub fn read(connection: &Connection) -> Result<Option<Installation>, ReadError> {
    let damage = |what: &str| Err(ReadError::Damaged(StoreError(format!("installation: {what}"))));
    let mut statement = connection.prepare(READ)?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else {
        let used: bool = connection.query_row(USED, [], |row| row.get(0))?;
        return if used { damage("the row is not there, and others are") } else { Ok(None) };
    };
    let found = from_row(row).map_err(|error| damaged("installation", row, &[1], &error))?;
    match rows.next()? {
        Some(_) => damage("has more than one row"),
        None if found.shards == 0 => damage("shards: is 0"),
        None => Ok(Some(found)),
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Installation> {
    Ok(Installation {
        shards: row.get(0)?,
        instance: InstanceId(Uuid::from_bytes(row.get(1)?)),
        secret: Secret::stored(row.get(2)?),
    })
}
