//! Version of the schema, and its migration to this release's version.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::store::history::{CREATE, known, pending};
use crate::store::open::{Migrated, OpenError, SchemaVersion};
use crate::store::{ReadError, StoreError};

/// Files in this folder never change, because they have been run; new ones are added.
mod embedded {
    refinery::embed_migrations!("src/store/migrations/sqlite");
}

/// Time of a migration as text; `9999-12-31T23:59:59Z` if the clock shows a later year.
const NOW: &str = "coalesce(strftime('%Y-%m-%dT%H:%M:%SZ', 'now'), '9999-12-31T23:59:59Z')";

/// Brings the schema up to date. The lock of the data directory excludes other processes.
pub fn migrate(connection: &mut Connection) -> Result<Migrated, OpenError> {
    let runner = embedded::migrations::runner();
    let known = known(&runner);
    let found = version(connection).map_err(|error| OpenError::unreadable(error.into()))?;
    if found > known {
        return Err(OpenError::SchemaNewer { found, known });
    }
    fail_point!("migrating");
    if found < known {
        run(connection, &pending(&runner, found, NOW)).map_err(|error| match ReadError::from(error) {
            ReadError::Unavailable(error) => OpenError::Other(StoreError(format!("cannot migrate: {error}"))),
            ReadError::Damaged(error) => OpenError::Damaged(error),
        })?;
    }
    fail_point!("migrating");
    Ok(Migrated { from: found, to: known })
}

/// All migrations and their rows in the history are one transaction, so a crash never leaves half a version.
fn run(connection: &mut Connection, pending: &[(&str, String)]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(CREATE)?;
    for (sql, line) in pending {
        transaction.execute_batch(sql)?;
        transaction.execute_batch(line)?;
        fail_point!("between-migrations");
    }
    transaction.commit()
}

/// Checks that the schema has exactly this release's version.
pub fn check(connection: &Connection) -> Result<(), OpenError> {
    let known = known(&embedded::migrations::runner());
    match version(connection).map_err(ReadError::from)? {
        found if found < known => Err(OpenError::SchemaOlder { found, known }),
        found if found > known => Err(OpenError::SchemaNewer { found, known }),
        _ => Ok(()),
    }
}

fn version(connection: &Connection) -> rusqlite::Result<SchemaVersion> {
    let table = "SELECT 1 FROM sqlite_schema WHERE name = 'refinery_schema_history'";
    if connection.query_row(table, [], |_| Ok(())).optional()?.is_none() {
        return Ok(0);
    }
    connection.query_row("SELECT coalesce(max(version), 0) FROM refinery_schema_history", [], |row| row.get(0))
}
