//! View of a node: what its last successful heartbeat has read.

use std::sync::Arc;
use std::time::Duration;

use crate::ids::ShardId;
use crate::store::StoreError;
use crate::store::nodes::{ClusterSnapshot, NodeRef, NodeRow, NodeState};

/// Failed heartbeats before the first successful one after which the store counts as unusable.
const MAX_INITIAL_FAILURES: u64 = 3;

/// State of the cluster as of the last successful heartbeat.
#[derive(Debug, Clone)]
pub struct View {
    /// Number of successful heartbeats; 0: there was none.
    pub heartbeats: u64,
    /// This node, as the store knows it. `None`: it has not joined yet, or it was declared dead and joins anew.
    pub me: Option<NodeRef>,
    pub snapshot: Arc<ClusterSnapshot>,
    /// Nodes that this node declared dead after that read. The snapshot still shows them as they were before.
    pub gone: Arc<[NodeRef]>,
    /// Shards whose owners are no nodes, and have been silent for 45 seconds (C16).
    pub silent_shards: Arc<[ShardId]>,
    /// Boot times at which the heartbeat was sent and answered.
    pub sent: Duration,
    pub answered: Duration,
    /// Number of consecutive failures since the last successful heartbeat, and the last error.
    pub missed: u64,
    pub failure: Option<StoreError>,
}

impl View {
    /// The view before the first heartbeat.
    #[must_use]
    pub fn none() -> Self {
        let snapshot = ClusterSnapshot { alive: false, nodes: Vec::new(), owners: Vec::new(), connection: 0 };
        Self {
            heartbeats: 0,
            me: None,
            snapshot: Arc::new(snapshot),
            gone: Arc::default(),
            silent_shards: Arc::default(),
            sent: Duration::ZERO,
            answered: Duration::ZERO,
            missed: 0,
            failure: None,
        }
    }

    /// Whether there was a successful heartbeat. `None`: there was none yet, and the store may still answer.
    ///
    /// # Errors
    /// Three heartbeats failed, and none was ever successful.
    #[must_use]
    pub fn first(&self) -> Option<Result<(), StoreError>> {
        match &self.failure {
            _ if self.heartbeats > 0 => Some(Ok(())),
            Some(error) if self.missed >= MAX_INITIAL_FAILURES => Some(Err(error.clone())),
            _ => None,
        }
    }

    /// All nodes as of the last successful heartbeat; those that this node declared dead after that read are dead.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeRow> {
        let mut nodes = self.snapshot.nodes.clone();
        for row in nodes.iter_mut().filter(|row| self.gone.contains(&row.node)) {
            row.state = NodeState::Dead;
        }
        nodes
    }

    /// The nodes that live as far as this node knows, in whatever state they are.
    pub fn living(&self) -> impl Iterator<Item = &NodeRow> {
        self.snapshot.nodes.iter().filter(|row| row.state != NodeState::Dead && !self.gone.contains(&row.node))
    }

    /// Returns whether the node lives in this generation, as far as this node knows.
    #[must_use]
    pub fn lives(&self, node: NodeRef) -> bool {
        self.living().any(|row| row.node == node)
    }
}
