//! Checks that a connection is a session. Behind a pooler in transaction mode each transaction may run in another
//! server process, where prepared statements, settings and locks of the previous one do not exist.

use tokio::time::timeout;
use tokio_postgres::{Client, Error, SimpleQueryMessage};

use super::connection::Connector;
use super::url::CONNECT_TIMEOUT;
use crate::store::StoreError;
use crate::store::open::OpenError;

/// Sent as a simple query, so that nothing is prepared for it.
const PROCESS: &str = "/* usher:process */ SELECT pg_backend_pid()";
const BEGIN: &str = "/* usher:hold_process */ BEGIN; SELECT pg_backend_pid()";

/// # Errors
/// There is a pooler in transaction mode, or the database does not answer.
pub async fn check(connector: &Connector) -> Result<(), OpenError> {
    let (one, _driver) = connector.plain().await.map_err(OpenError::Unreachable)?;
    let (other, _other_driver) = connector.plain().await.map_err(OpenError::Unreachable)?;
    let url = connector.url();
    let refused = |what: &str| StoreError(format!("{url}: {what}"));
    match timeout(CONNECT_TIMEOUT, is_session(&one, &other)).await {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err(OpenError::Address(refused(
            "a pooler in transaction mode is in between, and a connection has to be one session: take PgBouncer's \
             pool_mode = session, or PostgreSQL itself",
        ))),
        Ok(Err(error)) => Err(OpenError::Other(error.into())),
        Err(_) => Err(OpenError::Unreachable(refused("no answer in time"))),
    }
}

/// Returns whether the server process stays the same while the second connection holds the process that a pooler would
/// assign next.
async fn is_session(one: &Client, other: &Client) -> Result<bool, Error> {
    let before = process(one).await?;
    other.batch_execute(BEGIN).await?;
    Ok(process(one).await? == before)
}

async fn process(client: &Client) -> Result<Option<String>, Error> {
    let answer = client.simple_query(PROCESS).await?;
    Ok(answer.into_iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    }))
}
