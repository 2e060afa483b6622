//! How nodes become known to each other without waiting for the next heartbeat.

use std::sync::Arc;
use std::time::Duration;

use crate::cluster::{HEARTBEAT_INTERVAL, Node};
use crate::peers::Peers;

/// A node that does not know this one after so long is frozen, or not reached.
const TIMEOUT: Duration = HEARTBEAT_INTERVAL.saturating_add(Duration::from_millis(500));
/// Shortest time between two heartbeats because of strangers: anybody who reaches the port of the peers is one.
const PAUSE: Duration = Duration::from_millis(200);

/// Waits until the other nodes let this one in. Only then can it answer for shards that it does not own.
pub(super) async fn introduce(peers: &Peers) {
    if !peers.introduce(TIMEOUT).await {
        tracing::info!("not every other node has let this one in yet");
    }
}

/// Reads the tables of nodes when somebody connects who is not known. Never returns.
pub(super) async fn hear_strangers(nodes: Vec<Arc<Node>>, peers: Arc<Peers>) {
    loop {
        peers.stranger().await;
        nodes.iter().for_each(|node| node.request_heartbeat());
        tokio::time::sleep(PAUSE).await;
    }
}
