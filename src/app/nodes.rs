//! The list of nodes for ServerService: of a process that is alone, and of one that shares its store.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::cluster::{Directories, File, KnownNode};
use crate::ids::{NodeId, ShardId};
use crate::service::{NodeDirectory, NodeFile, NodeState, NodeView, Nodes};
use crate::store::nodes;

/// Name of this host: of its machine, or of its container.
pub(super) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// A process with the embedded store, which nobody else can open: it is the only node, and owns every shard.
pub(super) struct OnlyNode {
    id: NodeId,
    shards: u16,
    clock: Clock,
}

impl OnlyNode {
    pub fn new(shards: u16, clock: Clock) -> Self {
        Self { id: NodeId::random(), shards, clock }
    }
}

impl NodeDirectory for OnlyNode {
    fn nodes(&self) -> Nodes {
        let node = NodeView {
            id: self.id,
            host: host().into(),
            peer_address: "".into(),
            state: Some(NodeState::Active),
            version: crate::VERSION.into(),
            shards: (0..self.shards).map(ShardId).collect(),
            heartbeat_age: Duration::ZERO,
            wall: Some(self.clock.wall()),
            differing_files: Vec::new(),
        };
        Nodes { nodes: vec![node], answered_by: Some(self.id), unowned: Vec::new() }
    }
}

/// A process that shares its store.
pub(super) struct SharedStore(pub Arc<Directories>);

impl NodeDirectory for SharedStore {
    fn nodes(&self) -> Nodes {
        let known = self.0.nodes();
        Nodes {
            nodes: known.nodes.into_iter().map(view).collect(),
            answered_by: known.me.map(|me| me.id),
            unowned: known.unowned,
        }
    }
}

fn view(node: KnownNode) -> NodeView {
    let KnownNode { row, shards, heartbeat_age, differing_files } = node;
    let state = match row.state {
        nodes::NodeState::Joining => NodeState::Joining,
        nodes::NodeState::Active => NodeState::Active,
        nodes::NodeState::Draining => NodeState::Draining,
        nodes::NodeState::Dead => NodeState::Dead,
    };
    let file = |file| match file {
        File::LicenseKeys => NodeFile::LicenseKeys,
        File::Access => NodeFile::Access,
    };
    NodeView {
        id: row.node.id,
        host: row.host,
        peer_address: row.peer.map_or_else(Box::default, |peer| peer.address),
        state: Some(state),
        version: row.version,
        shards,
        heartbeat_age,
        wall: (row.wall.0 != 0).then_some(row.wall),
        differing_files: differing_files.into_iter().map(file).collect(),
    }
}
