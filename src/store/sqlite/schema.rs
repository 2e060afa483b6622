//! The schema's version, and how it gets to this release's.

use refinery::Runner;
use rusqlite::{Connection, OptionalExtension};

use crate::store::StoreError;
use crate::store::open::{Migrated, OpenError, SchemaVersion};

/// Never change a file in there, only add: somebody has run it.
mod embedded {
    refinery::embed_migrations!("src/store/migrations/sqlite");
}

/// Brings the schema up to date. The lock of the data directory keeps other processes away.
pub fn migrate(connection: &mut Connection) -> Result<Migrated, OpenError> {
    // Grouped: a migration and its line in the history are one transaction, so a crash leaves a whole version.
    let runner = embedded::migrations::runner().set_grouped(true);
    let known = known(&runner);
    let found = version(connection).map_err(|error| OpenError::Other(error.into()))?;
    if found > known {
        return Err(OpenError::SchemaNewer { found, known });
    }
    die_here!(Migrating);
    runner.run(connection).map_err(|error| OpenError::Other(StoreError(format!("cannot migrate: {error}"))))?;
    die_here!(Migrating);
    Ok(Migrated { from: found, to: known })
}

/// The schema is exactly this release's.
pub fn check(connection: &Connection) -> Result<(), OpenError> {
    let known = known(&embedded::migrations::runner());
    match version(connection).map_err(|error| OpenError::Unreachable(error.into()))? {
        found if found < known => Err(OpenError::SchemaOlder { found, known }),
        found if found > known => Err(OpenError::SchemaNewer { found, known }),
        _ => Ok(()),
    }
}

fn known(runner: &Runner) -> SchemaVersion {
    runner.get_migrations().iter().map(refinery::Migration::version).max().unwrap_or(0)
}

fn version(connection: &Connection) -> rusqlite::Result<SchemaVersion> {
    let table = "SELECT 1 FROM sqlite_schema WHERE name = 'refinery_schema_history'";
    if connection.query_row(table, [], |_| Ok(())).optional()?.is_none() {
        return Ok(0);
    }
    connection.query_row("SELECT coalesce(max(version), 0) FROM refinery_schema_history", [], |row| row.get(0))
}
