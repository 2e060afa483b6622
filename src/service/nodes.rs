//! Nodes of the installation, as ServerService shows them. Services do not know how nodes are found: they read a
//! [`NodeDirectory`].

use std::time::Duration;

use crate::ids::{NodeId, ShardId};
use crate::ledger::time::WallTime;

/// A process that shares the store with the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeView {
    pub id: NodeId,
    pub host: Box<str>,
    /// `host:port`; empty: it takes no calls from other nodes.
    pub peer_address: Box<str>,
    /// `None`: a state of a newer release.
    pub state: Option<NodeState>,
    pub version: Box<str>,
    /// Shards that it owns, ascending.
    pub shards: Vec<ShardId>,
    /// Time since a new heartbeat of it was seen.
    pub heartbeat_age: Duration,
    /// Its wall clock at its last heartbeat; `None`: not known.
    pub wall: Option<WallTime>,
    /// Files that differ from those of the process that answers.
    pub differing_files: Vec<NodeFile>,
}

/// State of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeState {
    Joining,
    Active,
    Draining,
    Dead,
}

/// A file that should be the same on every node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeFile {
    LicenseKeys,
    Access,
}

/// All nodes, as one process knows them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nodes {
    /// By host name and id.
    pub nodes: Vec<NodeView>,
    /// The node that answers; `None`: it has not joined yet.
    pub answered_by: Option<NodeId>,
    /// Shards that no node owns, ascending.
    pub unowned: Vec<ShardId>,
}

/// Source of the list of nodes. A process with the embedded store is the only one.
pub trait NodeDirectory: Send + Sync + 'static {
    /// The nodes as of the last good heartbeat.
    fn nodes(&self) -> Nodes;
}
