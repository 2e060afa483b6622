//! The first start: how many shards there are, and the id of the installation.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use uuid::Uuid;

use crate::ids::InstanceId;
use crate::store::{Founding, StoreError};

const READ: &str = "/* usher:read_founding */
    SELECT (SELECT count(*) FROM shards), instance_id FROM installation";
const CREATE_SHARD: &str = "/* usher:create_shard */ INSERT INTO shards VALUES (?1, 0, ?2, 0, 0, 0, 0, 0, 0)";
const CREATE: &str = "/* usher:create_installation */ INSERT INTO installation VALUES (?1)";

pub fn founding(connection: &mut Connection, wanted: Founding) -> Result<Founding, StoreError> {
    // The only write lock: nobody else founds in between.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let Some(found) = read(&transaction)? {
        return Ok(found);
    }
    for shard in 0..wanted.shards {
        transaction.execute(CREATE_SHARD, params![shard, Uuid::nil().as_bytes()])?;
    }
    transaction.execute(CREATE, params![wanted.instance.0.as_bytes()])?;
    transaction.commit()?;
    Ok(wanted)
}

/// What was founded; `None`: nothing yet.
pub fn read(connection: &Connection) -> rusqlite::Result<Option<Founding>> {
    let read = |row: &rusqlite::Row| Ok((row.get::<_, u16>(0)?, row.get::<_, [u8; 16]>(1)?));
    let found = connection.query_row(READ, [], read).optional()?;
    Ok(found.map(|(shards, instance)| Founding { shards, instance: InstanceId(Uuid::from_bytes(instance)) }))
}
