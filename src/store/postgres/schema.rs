//! The schema's version, and how it gets to this release's.

use refinery::Runner;
use tokio_postgres::{Client, Error};

use super::connection::Connector;
use crate::store::StoreError;
use crate::store::open::{Migrated, OpenError, SchemaVersion};

/// Never change a file in there, only add: somebody has run it.
mod embedded {
    refinery::embed_migrations!("src/store/migrations/postgres");
}

/// Two migrations at once: the second waits, and finds nothing to do. The key is "usher" in ASCII.
const LOCK: &str = "/* usher:lock_schema */ SET lock_timeout = '60s'; SELECT pg_advisory_lock(504447395186)";
const UNLOCK: &str = "/* usher:unlock_schema */ SELECT pg_advisory_unlock(504447395186)";
const EXISTS: &str = "/* usher:has_schema */ SELECT to_regclass('refinery_schema_history') IS NOT NULL";
const VERSION: &str = "/* usher:schema_version */ SELECT coalesce(max(version), 0) FROM refinery_schema_history";

/// The schema is exactly this release's.
pub async fn check(connector: &Connector) -> Result<(), OpenError> {
    let (client, _driver) = connector.plain().await.map_err(OpenError::Unreachable)?;
    check_on(&client).await
}

/// The same on a connection that is there.
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
    client.batch_execute(LOCK).await.map_err(other)?;
    let runner = embedded::migrations::runner();
    let known = known(&runner);
    let found = version(&client).await.map_err(other)?;
    if found > known {
        return Err(OpenError::SchemaNewer { found, known });
    }
    // One transaction for each migration and its line in the history: a crash leaves a whole version.
    let cannot = |error| OpenError::Other(StoreError(format!("cannot migrate: {error}")));
    die_here!(Migrating);
    runner.run_async(&mut client).await.map_err(cannot)?;
    die_here!(Migrating);
    client.batch_execute(UNLOCK).await.map_err(other)?;
    Ok(Migrated { from: found, to: known })
}

fn known(runner: &Runner) -> SchemaVersion {
    runner.get_migrations().iter().map(refinery::Migration::version).max().unwrap_or(0)
}

/// 0: there is no schema.
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
