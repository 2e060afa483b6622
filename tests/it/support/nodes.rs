//! The table of processes, as the store in memory keeps it.

use usher::ids::NodeId;
use usher::ledger::time::WallTime;
use usher::store::nodes::{FileHashes, NewNode, NodeHeartbeat, NodeRef, NodeRow, NodeState};

/// The rows, in the order in which the processes joined.
#[derive(Debug, Default)]
pub struct NodeTable(pub Vec<NodeRow>);

impl NodeTable {
    pub fn join(&mut self, new: &NewNode, owns: impl Fn(NodeId) -> bool) {
        self.0.retain(|row| row.state != NodeState::Dead || owns(row.node.id));
        self.0.push(NodeRow {
            node: new.node,
            heartbeat: 0,
            state: NodeState::Joining,
            host: new.host.clone(),
            lock: None,
            version: new.version.into(),
            protocol: new.protocol,
            peer: new.peer.clone(),
            wall: WallTime::default(),
            files: FileHashes::default(),
        });
    }

    /// Records a heartbeat of a process; returns false if the process was declared dead.
    pub fn heartbeat(&mut self, heartbeat: &NodeHeartbeat) -> bool {
        let row = self.0.iter_mut().find(|row| row.node == heartbeat.node);
        let alive = row.is_some();
        if let Some(row) = row {
            (row.heartbeat, row.state, row.lock) = (row.heartbeat + 1, heartbeat.state, heartbeat.lock.clone());
            (row.wall, row.files) = (heartbeat.wall, heartbeat.files.clone());
        }
        alive
    }

    pub fn declare_dead(&mut self, node: NodeRef, heartbeat: Option<i64>) -> bool {
        let same =
            |row: &&mut NodeRow| row.node == node && heartbeat.is_none_or(|heartbeat| heartbeat == row.heartbeat);
        let Some(row) = self.0.iter_mut().find(same) else { return false };
        (row.node.generation, row.state) = (row.node.generation + 1, NodeState::Dead);
        true
    }

    pub fn leave(&mut self, node: NodeRef) {
        self.0.retain(|row| row.node != node);
    }
}
