//! Description of the process, for ServerService.

use std::sync::Arc;

use crate::ids::InstanceId;
use crate::ledger::time::WallTime;
use crate::telemetry::LogFilter;

/// Description of the process.
pub struct ServerInfo {
    pub started: WallTime,
    /// True: the store is PostgreSQL; false: the embedded store.
    pub postgres: bool,
    pub shards: u16,
    pub instance: InstanceId,
    /// Kinds of credentials that are accepted; empty: none is required.
    pub authentication: Vec<&'static str>,
    pub log: Arc<LogFilter>,
}
