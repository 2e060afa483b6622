//! Small pool of connections for reads. No batch waits for one of them.

use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, PoolError, RecyclingMethod, Runtime, Timeouts,
};

use super::connection::Connector;
use crate::store::StoreError;

/// Maximum number of connections, unless [`Pool::limit`] sets another one.
const MAX_CONNECTIONS: usize = 4;
const WAIT_TIMEOUT: Duration = Duration::from_secs(5);
/// Time limit for the check of a pooled connection. A connection that a network dropped silently never answers, and all
/// of them are checked before a new one is opened.
const CHECK_TIMEOUT: Duration = Duration::from_secs(1);
/// A filter that matches little in a large audit takes a while; this limits it.
const START: &str = "/* usher:start */ SET statement_timeout = '30s'";

pub struct Pool(deadpool_postgres::Pool);

impl Pool {
    pub fn new(connector: &Connector) -> Result<Self, StoreError> {
        let config = ManagerConfig { recycling_method: RecyclingMethod::Verified };
        let manager = Manager::from_config(connector.url().config().clone(), connector.tls(), config);
        let start = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
            Box::pin(async move { client.batch_execute(START).await.map_err(HookError::Backend) })
        });
        deadpool_postgres::Pool::builder(manager)
            .max_size(MAX_CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts { wait: Some(WAIT_TIMEOUT), create: Some(WAIT_TIMEOUT), recycle: Some(CHECK_TIMEOUT) })
            .post_create(start)
            .build()
            .map(Self)
            .map_err(|error| StoreError(error.to_string()))
    }

    pub async fn get(&self) -> Result<Object, StoreError> {
        self.0.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error.into(),
            PoolError::PostCreateHook(HookError::Backend(error)) => error.into(),
            PoolError::Closed => StoreError("the store is closed".into()),
            error => StoreError(error.to_string()),
        })
    }

    /// Sets the maximum number of connections.
    pub fn limit(&self, connections: usize) {
        self.0.resize(connections);
    }

    /// The maximum number of connections.
    pub fn max_size(&self) -> usize {
        self.0.status().max_size
    }

    pub fn close(&self) {
        self.0.close();
    }
}
