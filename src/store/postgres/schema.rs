//! Version of the schema, and its migration to this release's version.

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

use super::connection::Connector;
use super::{load, node_rows};
use crate::store::StoreError;
use crate::store::history::{CREATE, known, pending};
use crate::store::open::{Migrated, OpenError, SchemaVersion};

/// Files in this folder never change, because they have been run; new ones are added.
mod embedded {
    refinery::embed_migrations!("src/store/migrations/postgres");
}

/// Of two migrations at the same time the second one waits, and finds nothing to do. The key is "usher" in ASCII.
const LOCK: &str = "/* usher:lock_schema */ SET lock_timeout = '60s'; SELECT pg_advisory_lock(504447395186)";
const UNLOCK: &str = "/* usher:unlock_schema */ SELECT pg_advisory_unlock(504447395186)";
const ENCODING: &str = "/* usher:encoding */ SELECT current_setting('server_encoding')";
const EXISTS: &str = "/* usher:has_schema */ SELECT to_regclass('refinery_schema_history') IS NOT NULL";
const VERSION: &str = "/* usher:schema_version */ SELECT coalesce(max(version), 0) FROM refinery_schema_history";

/// Time of a migration as text.
const NOW: &str = "to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";

/// Checks that the schema has exactly this release's version, and that its tables are complete.
pub async fn check(connector: &Connector) -> Result<(), OpenError> {
    let (client, _driver) = connector.plain().await.map_err(OpenError::Unreachable)?;
    encoding(connector, &client).await?;
    check_on(&client).await?;
    tables(&client).await
}

/// Checks that every table has its columns, and that the rows that every process reads are valid: a schema may have
/// this release's version and differ from it.
pub async fn tables(client: &Client) -> Result<(), OpenError> {
    columns(client).await?;
    Ok(node_rows::check(client).await?)
}

async fn columns(client: &Client) -> Result<(), OpenError> {
    for (table, sql) in load::statements() {
        if let Err(error) = client.prepare(&sql).await {
            let lost = [SqlState::UNDEFINED_TABLE, SqlState::UNDEFINED_COLUMN];
            let damage = error.code().is_some_and(|code| lost.contains(code));
            let message = StoreError(format!("{table}: {}", StoreError::from(error)));
            return Err(if damage { OpenError::Damaged(message) } else { OpenError::Unreachable(message) });
        }
    }
    Ok(())
}

/// Refuses a database of another encoding than UTF-8: it stores most names, but refuses others when they occur.
async fn encoding(connector: &Connector, client: &Client) -> Result<(), OpenError> {
    let found: String = client.query_one(ENCODING, &[]).await.map_err(other)?.try_get(0).map_err(other)?;
    if found == "UTF8" {
        return Ok(());
    }
    let url = connector.url();
    Err(OpenError::Address(StoreError(format!("{url}: the database's encoding is {found}, and UTF8 is needed"))))
}

/// Checks the version on an open connection.
pub async fn check_on(client: &Client) -> Result<(), OpenError> {
    let known = known(&embedded::migrations::runner());
    match version(client).await.map_err(other)? {
        found if found < known => Err(OpenError::SchemaOlder { found, known }),
        found if found > known => Err(OpenError::SchemaNewer { found, known }),
        _ => Ok(()),
    }
}

pub async fn migrate(connector: &Connector) -> Result<Migrated, OpenError> {
    let (mut client, _driver) = connector.plain().await.map_err(OpenError::Unreachable)?;
    encoding(connector, &client).await?;
    client.batch_execute(LOCK).await.map_err(other)?;
    let runner = embedded::migrations::runner();
    let known = known(&runner);
    let found = version(&client).await.map_err(other)?;
    if found > known {
        return Err(OpenError::SchemaNewer { found, known });
    }
    let cannot = |error: Error| OpenError::Other(StoreError(format!("cannot migrate: {}", StoreError::from(error))));
    fail_point!("migrating");
    if found < known {
        run(&mut client, &pending(&runner, found, NOW)).await.map_err(cannot)?;
    }
    fail_point!("migrating");
    client.batch_execute(UNLOCK).await.map_err(other)?;
    tables(&client).await?;
    Ok(Migrated { from: found, to: known })
}

/// All migrations and their rows in the history are one transaction, so a crash never leaves half a version.
async fn run(client: &mut Client, pending: &[(&str, String)]) -> Result<(), Error> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(CREATE).await?;
    for (sql, line) in pending {
        transaction.batch_execute(sql).await?;
        transaction.batch_execute(line).await?;
        fail_point!("between-migrations");
    }
    transaction.commit().await
}

/// Version of the schema; 0: there is no schema.
pub async fn version(client: &Client) -> Result<SchemaVersion, Error> {
    let exists: bool = client.query_one(EXISTS, &[]).await?.try_get(0)?;
    if !exists {
        return Ok(0);
    }
    client.query_one(VERSION, &[]).await?.try_get(0)
}

fn other(error: Error) -> OpenError {
    OpenError::Other(error.into())
}
