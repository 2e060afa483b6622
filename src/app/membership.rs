//! This process among those that share its database: its beats, on a thread of their own, and what they mean for whether
//! it is ready.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Context;

use crate::clock::Clock;
use crate::cluster::{LEASE, LockFile, Node};
use crate::health::{NotReadyReason, Readiness};
use crate::store::Installation;
use crate::store::nodes::NodeStore;

/// How long a node may take to leave.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(1);

/// Begins to beat. A thread and a runtime of its own: whatever keeps the others busy, the beats go on.
pub(super) fn start(
    store: Arc<dyn NodeStore>,
    clock: Clock,
    host: &str,
    installation: &Installation,
    state_dir: &Path,
) -> anyhow::Result<Arc<Node>> {
    let node = Node::new(store, clock, host, installation.shards);
    let lock = LockFile::new(state_dir, installation.instance);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("a runtime for beats")?;
    let running = Arc::clone(&node);
    thread::Builder::new()
        .name("usher-beat".into())
        .spawn(move || runtime.block_on(running.run(lock)))
        .context("a thread for beats")?;
    Ok(node)
}

/// Other processes see it no more: what it still owns, because it ended while it started, is free at once.
pub(super) async fn leave(node: Option<&Arc<Node>>) {
    if let Some(node) = node {
        node.stop(LEAVE_TIMEOUT).await;
    }
}

/// Turns what a node knows into obstacles, until it is dead.
pub(super) async fn follow(node: Arc<Node>, readiness: Arc<Readiness>) {
    let mut views = node.views();
    loop {
        let (standby, dead, begun) = {
            let view = views.borrow_and_update();
            (view.is_standby(), view.dead, view.beats > 0)
        };
        let age = node.beat_age().unwrap_or_default();
        readiness.set_to(NotReadyReason::Standby, standby);
        readiness.set_to(NotReadyReason::NoLease, begun && (dead || age >= LEASE));
        if dead {
            return;
        }
        let rest = if age < LEASE { LEASE - age } else { LEASE };
        // Time that passes without a word is news as well.
        if let Ok(Err(_)) = tokio::time::timeout(rest, views.changed()).await {
            return;
        }
    }
}
