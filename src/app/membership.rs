//! Membership of this process in the cluster that shares its database: sends its heartbeats, on a thread of their own,
//! and translates their results into reasons for not being ready.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Context;

use crate::clock::Clock;
use crate::cluster::{LEASE_DURATION, LockFile, Node, NodeDescription};
use crate::health::{NotReadyReason, Readiness};
use crate::store::Installation;
use crate::store::nodes::{NodeStore, PROTOCOL};

/// Longest time to remove this process from the table of processes.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(1);

/// Joins, and starts to send heartbeats, on a thread and a runtime of their own, so that no other work can delay them.
pub(super) fn start(
    store: Arc<dyn NodeStore>,
    clock: Clock,
    host: &str,
    installation: &Installation,
    state_dir: &Path,
) -> anyhow::Result<Arc<Node>> {
    let description = NodeDescription { host: host.into(), version: crate::VERSION, protocol: PROTOCOL, peer: None };
    let node = Node::new(store, clock, installation.shards, description);
    let lock = LockFile::new(state_dir, installation.instance);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("a runtime for heartbeats")?;
    let running = Arc::clone(&node);
    thread::Builder::new()
        .name("usher-heartbeat".into())
        .spawn(move || runtime.block_on(running.run(lock)))
        .context("a thread for heartbeats")?;
    Ok(node)
}

/// Leaves the cluster: other processes see this one no more. What it still owns, because it ended during its start, is
/// free at once.
pub(super) async fn leave(node: Option<&Arc<Node>>) {
    if let Some(node) = node {
        node.stop(LEAVE_TIMEOUT).await;
    }
}

/// Sets and clears reasons for not being ready from the state of `node`.
pub(super) async fn follow(node: Arc<Node>, readiness: Arc<Readiness>) {
    let mut views = node.views();
    loop {
        let begun = views.borrow_and_update().heartbeats > 0;
        let age = node.heartbeat_age().unwrap_or_default();
        readiness.set_to(NotReadyReason::NoLease, begun && age >= LEASE_DURATION);
        let rest = if age < LEASE_DURATION { LEASE_DURATION - age } else { LEASE_DURATION };
        // The lease also ends by time alone, without any change of the view.
        if let Ok(Err(_)) = tokio::time::timeout(rest, views.changed()).await {
            return;
        }
    }
}
