//! Version of the schema, and whether this program may serve from it.

use refinery::Runner;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

use super::connection::Connector;
use super::{load, node_rows};
use crate::store::StoreError;
use crate::store::history::known;
use crate::store::open::{OpenError, SchemaVersion};

/// Files in this folder never change, because they have been run; new ones are added.
mod embedded {
    refinery::embed_migrations!("src/store/migrations/postgres");
}

const ENCODING: &str = "/* usher:encoding */ SELECT current_setting('server_encoding')";
const EXISTS: &str = "/* usher:has_schema */ SELECT to_regclass('refinery_schema_history') IS NOT NULL";
const VERSION: &str = "/* usher:schema_version */ SELECT coalesce(max(version), 0) FROM refinery_schema_history";

/// Reads the newest schema version that the oldest program knows that may serve; NULL: no row says so.
const OLDEST: &str = "/* usher:oldest_program */ SELECT max(oldest_program) FROM compatibility";

/// All migrations that this program knows.
pub fn migrations() -> Runner {
    embedded::migrations::runner()
}

/// The newest schema version that this program knows.
pub fn known_version() -> SchemaVersion {
    known(&migrations())
}

/// Checks that the schema has this release's version, or a newer one from which this release may serve, and that its
/// tables are complete.
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
pub async fn encoding(connector: &Connector, client: &Client) -> Result<(), OpenError> {
    let found: String = client.query_one(ENCODING, &[]).await.map_err(other)?.try_get(0).map_err(other)?;
    if found == "UTF8" {
        return Ok(());
    }
    let url = connector.url();
    Err(OpenError::Address(StoreError(format!("{url}: the database's encoding is {found}, and UTF8 is needed"))))
}

/// Checks the version on an open connection.
pub async fn check_on(client: &Client) -> Result<(), OpenError> {
    let known = known_version();
    match version(client).await.map_err(other)? {
        found if found < known => Err(OpenError::SchemaOlder { found, known }),
        found => fits(client, found, known).await,
    }
}

/// Refuses a newer schema, unless it says that a program that knows only `known` may serve from it.
pub async fn fits(client: &Client, found: SchemaVersion, known: SchemaVersion) -> Result<(), OpenError> {
    if found <= known {
        return Ok(());
    }
    let oldest: Option<SchemaVersion> =
        client.query_one(OLDEST, &[]).await.map_err(other)?.try_get(0).map_err(other)?;
    let fits = oldest.is_some_and(|oldest| oldest <= known);
    if fits { Ok(()) } else { Err(OpenError::SchemaNewer { found, known }) }
}

/// Version of the schema; 0: there is no schema.
pub async fn version(client: &Client) -> Result<SchemaVersion, Error> {
    let exists: bool = client.query_one(EXISTS, &[]).await?.try_get(0)?;
    if !exists {
        return Ok(0);
    }
    client.query_one(VERSION, &[]).await?.try_get(0)
}

pub fn other(error: Error) -> OpenError {
    OpenError::Other(error.into())
}
