//! Migration of the schema to this release's version, while other processes may use it.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

use super::connection::Connector;
use super::schema::{self, other};
use crate::store::StoreError;
use crate::store::history::{CREATE, known, pending};
use crate::store::open::{Migrated, OpenError};

/// Of two migrations at the same time the second one waits, longer than the first one may take, and finds nothing to do.
/// The key is "usher" in ASCII.
const LOCK: &str = "/* usher:lock_schema */ SET lock_timeout = '120s'; SELECT pg_advisory_lock(504447395186)";
const UNLOCK: &str = "/* usher:unlock_schema */ SELECT pg_advisory_unlock(504447395186)";

/// While a migration waits for the lock of a table, no later transaction gets to the table, whatever it does there. So
/// it waits only this long, and gives everybody else as long before it tries again.
const LOCK_TIMEOUT: &str = "/* usher:short_locks */ SET lock_timeout = '500ms'";
const PAUSE: Duration = Duration::from_millis(500);
/// Time for which a migration tries again.
const PATIENCE: Duration = Duration::from_secs(60);

/// Time of a migration as text.
const NOW: &str = "to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";

/// Brings the schema up to date, one process at a time.
pub async fn migrate(connector: &Connector) -> Result<Migrated, OpenError> {
    let (mut client, _driver) = connector.plain().await.map_err(OpenError::Unreachable)?;
    schema::encoding(connector, &client).await?;
    client.batch_execute(LOCK).await.map_err(other)?;
    let runner = schema::migrations();
    let known = known(&runner);
    let found = schema::version(&client).await.map_err(other)?;
    schema::fits(&client, found, known).await?;
    fail_point!("migrating");
    if found < known {
        client.batch_execute(LOCK_TIMEOUT).await.map_err(other)?;
        let mut patience = Patience::new();
        while let Err(error) = run(&mut client, &pending(&runner, found, NOW)).await {
            patience.wait(error.into()).await?;
        }
    }
    fail_point!("migrating");
    client.batch_execute(UNLOCK).await.map_err(other)?;
    schema::tables(&client).await?;
    Ok(Migrated { from: found, to: found.max(known) })
}

/// Reason why the migrations did not run; none of them did.
#[derive(Debug)]
enum Refused {
    /// Another transaction had a lock on a table.
    Locked(StoreError),
    Other(StoreError),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let locked = error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE);
        if locked { Refused::Locked(error.into()) } else { Refused::Other(error.into()) }
    }
}

/// Decides whether the migrations are tried again, while other transactions have locks on the tables.
struct Patience {
    began: Instant,
    logged: bool,
}

impl Patience {
    fn new() -> Self {
        Self { began: Instant::now(), logged: false }
    }

    /// Waits until they are to be tried again.
    ///
    /// # Errors
    /// They failed for another reason, or were locked for [`PATIENCE`].
    async fn wait(&mut self, refused: Refused) -> Result<(), OpenError> {
        let cannot = |why: String| OpenError::Other(StoreError(format!("cannot migrate: {why}")));
        let error = match refused {
            Refused::Locked(error) => error,
            Refused::Other(error) => return Err(cannot(error.0)),
        };
        let waited = self.began.elapsed();
        if waited >= PATIENCE {
            let why = format!("another transaction has had a lock on a table for {} s", waited.as_secs());
            return Err(cannot(format!("{why}, see pg_locks: {error}")));
        }
        if !std::mem::replace(&mut self.logged, true) {
            tracing::warn!(
                %error, patience = ?PATIENCE, "another transaction has a lock on a table; the migration tries again"
            );
        }
        sleep(PAUSE).await;
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_migration_that_gets_no_lock_is_tried_again_for_a_minute() {
        let (mut patience, mut tries) = (Patience::new(), 0);
        let refused = loop {
            tries += 1;
            // The wait for the lock.
            sleep(Duration::from_millis(500)).await;
            if let Err(refused) = patience.wait(Refused::Locked(StoreError("lock timeout".into()))).await {
                break refused.to_string();
            }
        };
        assert!(refused.contains("for 60 s, see pg_locks: lock timeout"), "{refused}");
        assert_eq!(tries, 61);
    }

    #[tokio::test(start_paused = true)]
    async fn a_migration_that_is_wrong_is_not_tried_again() {
        let refused = Patience::new().wait(Refused::Other(StoreError("syntax error".into()))).await;
        assert_eq!(refused.unwrap_err().to_string(), "cannot migrate: syntax error");
    }
}
