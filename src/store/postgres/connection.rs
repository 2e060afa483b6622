//! A connection that writes, with its prepared statements.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::{Client, Error};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_util::task::AbortOnDropHandle;

use super::batch::Prepared;
use super::error::Failure;
use super::statements::Statements;
use super::tls;
use super::url::{CONNECT_TIMEOUT, DatabaseUrl};
use crate::store::audit_block::OpenBlock;
use crate::store::{ReadError, StoreError};

/// Time for closing a connection in order, or for learning why it was closed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Settings of every connection that writes:
/// - an open transaction of a client that vanished ends soon, and with it the lock that a claim waits for;
/// - a claim waits a little longer than that, and gives up before its caller does;
/// - plans do not depend on parameter values, so no statement is planned twice;
/// - `synchronous_commit = off` would acknowledge commits that a crash of the server loses. Other values are the
///   administrator's choice.
const START: &str = "/* usher:start */
    SET idle_in_transaction_session_timeout = '3s';
    SET lock_timeout = '4s';
    SET plan_cache_mode = force_generic_plan;
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// Opens connections until the store is closed.
pub struct Connector {
    url: DatabaseUrl,
    tls: MakeRustlsConnect,
    closed: AtomicBool,
}

impl Connector {
    pub fn new(url: &DatabaseUrl) -> Self {
        Self { url: url.clone(), tls: tls::connector(url), closed: AtomicBool::new(false) }
    }

    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    pub fn tls(&self) -> MakeRustlsConnect {
        self.tls.clone()
    }

    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Opens a connection without prepared statements.
    pub async fn plain(&self) -> Result<(Client, AbortOnDropHandle<Option<StoreError>>), StoreError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError("the store is closed".into()));
        }
        let connecting = self.url.config().connect(self.tls());
        let (client, connection) = match timeout(self.url.connect_limit(), connecting).await {
            Ok(connected) => connected.map_err(|error| self.named(error.into()))?,
            Err(_) => return Err(self.named(StoreError("no answer in time".into()))),
        };
        let driver = tokio::spawn(async move { connection.await.err().map(StoreError::from) });
        Ok((client, AbortOnDropHandle::new(driver)))
    }

    pub async fn connect(&self) -> Result<Connection, Failure> {
        let (client, driver) = self.plain().await?;
        let starting = async {
            client.batch_execute(START).await?;
            Statements::prepare(&client).await
        };
        match timeout(CONNECT_TIMEOUT, starting).await {
            Ok(statements) => {
                let (statements, prepared) = (statements?, Prepared::default());
                Ok(Connection { statements, prepared, client, open_block: None, driver })
            }
            Err(_) => Err(self.named(StoreError("no answer in time".into())).into()),
        }
    }

    fn named(&self, error: StoreError) -> StoreError {
        let hint = if error.0.contains("certificate") {
            " (SSL_CERT_FILE names a private authority; ?sslmode=disable in the URL turns TLS off)"
        } else {
            ""
        };
        StoreError(format!("{}: {error}{hint}", self.url))
    }
}

/// A connection. Dropping it closes it at once, whatever is in progress.
pub struct Connection {
    pub client: Client,
    pub statements: Statements,
    pub prepared: Prepared,
    /// The open audit block of the shard; known after a commit on this connection. `None`: it must be rebuilt from the
    /// stored events.
    pub open_block: Option<OpenBlock>,
    driver: AbortOnDropHandle<Option<StoreError>>,
}

impl Connection {
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Closes the connection after a failure, and returns the reason. A request only learns that the connection is
    /// closed; the driver task knows why.
    pub async fn give_up(self, failure: Failure) -> ReadError {
        let error = match failure {
            Failure::Database(error) if error.is_closed() => error,
            other => return other.into(),
        };
        ReadError::Unavailable(self.end().await.unwrap_or_else(|| Error::into(error)))
    }

    /// Closes the connection in order.
    pub async fn close(self) {
        self.end().await;
    }

    async fn end(self) -> Option<StoreError> {
        let Self { client, driver, .. } = self;
        // The driver ends when its client was dropped and everything sent was answered.
        drop(client);
        timeout(CLOSE_TIMEOUT, driver).await.ok()?.ok()?
    }
}
