//! The first start: how many shards there are, and the id and the secret of the installation.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use uuid::Uuid;

use crate::ids::InstanceId;
use crate::store::{Founding, StoreError};
use crate::veil::Secret;

const READ: &str = "/* usher:read_founding */
    SELECT (SELECT count(*) FROM shards), instance_id, secret FROM installation";
const CREATE_SHARD: &str = "/* usher:create_shard */ INSERT INTO shards VALUES (?1, 0, ?2, 0, 0, 0, 0, 0, 0)";
const CREATE: &str = "/* usher:create_installation */ INSERT INTO installation VALUES (?1, ?2)";

pub fn founding(connection: &mut Connection, wanted: Founding) -> Result<Founding, StoreError> {
    // The only write lock: nobody else founds in between.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let Some(found) = read(&transaction)? {
        return Ok(found);
    }
    for shard in 0..wanted.shards {
        transaction.execute(CREATE_SHARD, params![shard, Uuid::nil().as_bytes()])?;
    }
    transaction.execute(CREATE, params![wanted.instance.0.as_bytes(), wanted.secret.bytes()])?;
    transaction.commit()?;
    Ok(wanted)
}

/// What was founded; `None`: nothing yet.
pub fn read(connection: &Connection) -> rusqlite::Result<Option<Founding>> {
    let founded = |row: &rusqlite::Row| {
        Ok(Founding {
            shards: row.get(0)?,
            instance: InstanceId(Uuid::from_bytes(row.get(1)?)),
            secret: Secret::stored(row.get(2)?),
        })
    };
    connection.query_row(READ, [], founded).optional()
}
