//! A table of nodes whose answers a test decides.

use std::sync::{Mutex, MutexGuard};

use crate::store::nodes::{
    ClusterSnapshot, FileHashes, NewNode, NodeHeartbeat, NodeRef, NodeRow, NodeState, NodeStore, OwnerRow,
};
use crate::store::{StoreError, StoreFuture};

#[derive(Debug, Default)]
pub struct FakeStore(Mutex<State>);

#[derive(Debug, Default)]
pub struct State {
    pub owners: Vec<OwnerRow>,
    /// Rows of other nodes.
    pub others: Vec<NodeRow>,
    /// Rows of this node under each of its ids.
    own: Vec<NodeRow>,
    pub joined: Vec<NewNode>,
    pub sent: Vec<NodeHeartbeat>,
    pub left: Vec<NodeRef>,
    /// Number of next requests that fail.
    pub failures: u32,
    /// Number of next heartbeats that are written, and whose answers are lost.
    pub lost_answers: u32,
}

impl State {
    pub fn declare_dead(&mut self, node: NodeRef) {
        for row in self.own.iter_mut().chain(&mut self.others).filter(|row| row.node == node) {
            (row.state, row.node.generation) = (NodeState::Dead, node.generation + 1);
        }
    }

    fn fails(&mut self) -> Result<(), StoreError> {
        if self.failures == 0 {
            return Ok(());
        }
        self.failures -= 1;
        Err(StoreError("away".into()))
    }

    fn heartbeat(&mut self, heartbeat: NodeHeartbeat) -> Result<ClusterSnapshot, StoreError> {
        self.fails()?;
        let row = self.own.iter_mut().find(|row| row.node == heartbeat.node);
        let alive = row.is_some();
        if let Some(row) = row {
            (row.heartbeat, row.state) = (row.heartbeat + 1, heartbeat.state);
        }
        self.sent.push(heartbeat);
        if self.lost_answers > 0 {
            self.lost_answers -= 1;
            return Err(StoreError("no answer".into()));
        }
        let nodes = self.own.iter().chain(&self.others).cloned().collect();
        Ok(ClusterSnapshot { alive, nodes, owners: self.owners.clone(), connection: 1 })
    }
}

impl FakeStore {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

/// An answer that does not come at once, so that others run in between.
async fn later<T>(answer: T) -> T {
    tokio::task::yield_now().await;
    answer
}

impl NodeStore for FakeStore {
    fn join(&self, new: NewNode) -> StoreFuture<'_, Result<(), StoreError>> {
        let mut state = self.state();
        let result = state.fails();
        if result.is_ok() {
            state.own.push(NodeRow {
                node: new.node,
                heartbeat: 0,
                state: NodeState::Joining,
                host: new.host.clone(),
                lock: None,
                version: new.version.into(),
                protocol: new.protocol,
                peer: new.peer.clone(),
                wall: Default::default(),
                files: FileHashes::default(),
            });
            state.joined.push(new);
        }
        Box::pin(later(result))
    }

    fn heartbeat(&self, heartbeat: NodeHeartbeat) -> StoreFuture<'_, Result<ClusterSnapshot, StoreError>> {
        let result = self.state().heartbeat(heartbeat);
        Box::pin(later(result))
    }

    fn declare_dead(&self, node: NodeRef, _heartbeat: Option<i64>) -> StoreFuture<'_, Result<bool, StoreError>> {
        self.state().declare_dead(node);
        Box::pin(later(Ok(true)))
    }

    fn leave(&self, node: NodeRef) -> StoreFuture<'_, Result<(), StoreError>> {
        self.state().left.push(node);
        Box::pin(later(Ok(())))
    }
}
