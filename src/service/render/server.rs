//! Renders the description of the process, and the nodes of the installation, for ServerService.

use super::time::{duration, timestamp};
use crate::proto::v1;
use crate::service::nodes::{NodeFile, NodeState, NodeView, Nodes};
use crate::service::server_info::ServerInfo;

/// The commit that `--version` shows; "unknown" if the program was built outside of a repository.
const COMMIT: &str = env!("USHER_COMMIT");

pub fn server(about: &ServerInfo) -> v1::Server {
    let store = if about.postgres { v1::StoreKind::Postgresql } else { v1::StoreKind::Embedded };
    v1::Server {
        version: env!("CARGO_PKG_VERSION").into(),
        commit: if COMMIT == "unknown" { String::new() } else { COMMIT.into() },
        started_at: Some(timestamp(about.started)),
        store: store.into(),
        shards: about.shards.into(),
        instance_id: about.instance.to_string(),
        log_filter: about.log.now(),
        authentication: about.authentication.iter().map(|kind| (*kind).to_owned()).collect(),
    }
}

pub fn nodes(nodes: Nodes) -> v1::ListNodesResponse {
    v1::ListNodesResponse {
        nodes: nodes.nodes.into_iter().map(node).collect(),
        answered_by: nodes.answered_by.map_or_else(String::new, |id| id.to_string()),
        unowned_shards: nodes.unowned.into_iter().map(|shard| shard.0.into()).collect(),
    }
}

fn node(node: NodeView) -> v1::Node {
    let state = node.state.map_or(v1::NodeState::Unspecified, |state| match state {
        NodeState::Joining => v1::NodeState::Joining,
        NodeState::Active => v1::NodeState::Active,
        NodeState::Draining => v1::NodeState::Draining,
        NodeState::Dead => v1::NodeState::Dead,
    });
    let file = |file: NodeFile| match file {
        NodeFile::LicenseKeys => v1::NodeFile::LicenseKeys.into(),
        NodeFile::Access => v1::NodeFile::Access.into(),
    };
    v1::Node {
        node_id: node.id.to_string(),
        host: node.host.into(),
        peer_address: node.peer_address.into(),
        state: state.into(),
        version: node.version.into(),
        shards: node.shards.into_iter().map(|shard| shard.0.into()).collect(),
        heartbeat_age: Some(duration(node.heartbeat_age)),
        wall_time: node.wall.map(timestamp),
        differing_files: node.differing_files.into_iter().map(file).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{NodeId, ShardId};
    use crate::ledger::time::WallTime;
    use std::time::Duration;

    #[test]
    fn a_node_is_shown_with_everything_that_is_known_of_it() {
        let id = NodeId::random();
        let shown = nodes(Nodes {
            nodes: vec![NodeView {
                id,
                host: "alpha".into(),
                peer_address: "192.0.2.1:50052".into(),
                state: Some(NodeState::Draining),
                version: "1.2.3".into(),
                shards: vec![ShardId(0), ShardId(7)],
                heartbeat_age: Duration::from_millis(1_500),
                wall: Some(WallTime(2_000)),
                differing_files: vec![NodeFile::Access],
            }],
            answered_by: Some(id),
            unowned: vec![ShardId(3)],
        });
        assert_eq!((shown.answered_by, shown.unowned_shards), (id.to_string(), vec![3]));
        let node = v1::Node {
            node_id: id.to_string(),
            host: "alpha".into(),
            peer_address: "192.0.2.1:50052".into(),
            state: v1::NodeState::Draining.into(),
            version: "1.2.3".into(),
            shards: vec![0, 7],
            heartbeat_age: Some(prost_types::Duration { seconds: 1, nanos: 500_000_000 }),
            wall_time: Some(prost_types::Timestamp { seconds: 2, nanos: 0 }),
            differing_files: vec![v1::NodeFile::Access.into()],
        };
        assert_eq!(shown.nodes, [node]);
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let unknown = NodeView {
            id: NodeId::random(),
            host: "".into(),
            peer_address: "".into(),
            state: None,
            version: "".into(),
            shards: Vec::new(),
            heartbeat_age: Duration::ZERO,
            wall: None,
            differing_files: Vec::new(),
        };
        let shown = node(unknown);
        assert_eq!((shown.state(), shown.wall_time), (v1::NodeState::Unspecified, None));
        assert_eq!(nodes(Nodes::default()).answered_by, "");
    }
}
