//! Checks that every row of `owners`, `nodes` and `compatibility` can be read. A heartbeat reads the first two once a
//! second, and an unreadable row would look like a database that does not answer.

use tokio_postgres::types::FromSql;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::error::{Failure, damaged};
use super::heartbeat;
use crate::ids::{Epoch, OwnerToken};
use crate::store::{Owner, StoreError};

pub const READ_OWNERS: &str = "/* usher:read_owners */
    SELECT shard_id, epoch, token, former_token, former_seq, node_id, generation FROM owners";
pub const READ_NODES: &str = "/* usher:read_nodes */
    SELECT node_id, generation, heartbeat, state, host, version, lock_name, wall_ms, protocol, license_keys_hash,
        access_hash, peer_address, peer_fingerprint FROM nodes";
pub const READ_COMPATIBILITY: &str = "/* usher:read_compatibility */ SELECT oldest_program FROM compatibility";

type Check = fn(&Row) -> Result<(), Failure>;

/// Of each table its name, the statement, and the check of a row; the first column is the key.
const TABLES: [(&str, &str, Check); 3] =
    [("owners", READ_OWNERS, owner), ("nodes", READ_NODES, node), ("compatibility", READ_COMPATIBILITY, compatibility)];

/// # Errors
/// [`Failure::Damaged`]: an inconsistent row; the text names its table, key and column.
pub async fn check(client: &Client) -> Result<(), Failure> {
    for (table, sql, check) in TABLES {
        for row in client.query(sql, &[]).await? {
            check(&row).map_err(|why| damaged(table, &row, &[0], why))?;
        }
    }
    Ok(())
}

fn owner(row: &Row) -> Result<(), Failure> {
    column::<i16>(row, "owners", 0)?;
    let owner = Owner { epoch: Epoch(column(row, "owners", 1)?), token: OwnerToken(column(row, "owners", 2)?) };
    column::<Uuid>(row, "owners", 3)?;
    column::<i64>(row, "owners", 4)?;
    column::<Option<Uuid>>(row, "owners", 5)?;
    column::<Option<i64>>(row, "owners", 6)?;
    owner.implausible().map_or(Ok(()), |what| Err(StoreError(format!("owners.{what}")).into()))
}

fn node(row: &Row) -> Result<(), Failure> {
    column::<Uuid>(row, "nodes", 0)?;
    column::<i64>(row, "nodes", 1)?;
    column::<i64>(row, "nodes", 2)?;
    // A newer release may have more states.
    column::<i16>(row, "nodes", 3)?;
    column::<&str>(row, "nodes", 4)?;
    column::<&str>(row, "nodes", 5)?;
    column::<Option<&str>>(row, "nodes", 6)?;
    column::<i64>(row, "nodes", 7)?;
    column::<i32>(row, "nodes", 8)?;
    column::<&str>(row, "nodes", 9)?;
    column::<&str>(row, "nodes", 10)?;
    heartbeat::peer(row)?;
    Ok(())
}

fn compatibility(row: &Row) -> Result<(), Failure> {
    column::<i32>(row, "compatibility", 0)?;
    Ok(())
}

fn column<'a, T: FromSql<'a>>(row: &'a Row, table: &str, at: usize) -> Result<T, Failure> {
    row.try_get(at).map_err(|error| {
        let (name, why) = (row.columns()[at].name(), StoreError::from(error));
        StoreError(format!("{table}.{name}: {why}")).into()
    })
}
