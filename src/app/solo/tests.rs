//! Who else is there, as two reads show it.

use std::sync::Arc;

use uuid::Uuid;

use super::*;
use crate::ids::NodeId;
use crate::ledger::time::WallTime;
use crate::store::nodes::{ClusterSnapshot, FileHashes, NodeRow, PROTOCOL};

fn node(number: u128) -> NodeRef {
    NodeRef { id: NodeId(Uuid::from_u128(number)), generation: 1 }
}

/// This process is node 5. The others: number, state, and number of heartbeats.
fn view(others: &[(u128, NodeState, i64)]) -> View {
    let me = (5, NodeState::Joining, 3);
    let row = |(number, state, heartbeat): &(u128, NodeState, i64)| NodeRow {
        node: node(*number),
        heartbeat: *heartbeat,
        state: *state,
        host: format!("host{number}").into(),
        lock: None,
        version: "1".into(),
        protocol: PROTOCOL,
        peer: None,
        wall: WallTime(0),
        files: FileHashes::default(),
    };
    let nodes = others.iter().chain([&me]).map(row).collect();
    let snapshot = Arc::new(ClusterSnapshot { alive: true, nodes, owners: Vec::new(), connection: 1 });
    View { me: Some(node(5)), heartbeats: 3, snapshot, ..View::none() }
}

fn found(first: &[(u128, NodeState, i64)], now: &[(u128, NodeState, i64)]) -> Others {
    others(&view(first), &view(now), node(5))
}

#[test]
fn who_sends_heartbeats_lives() {
    let (active, joining, draining) = (NodeState::Active, NodeState::Joining, NodeState::Draining);
    let (lives, perhaps) = (|host: &str| Others::Lives(host.into()), |host: &str| Others::Perhaps(host.into()));
    assert_eq!(found(&[(1, active, 7)], &[]), Others::Nobody);
    assert_eq!(found(&[(1, active, 7)], &[(1, active, 8)]), lives("host1"));
    assert_eq!(found(&[(1, active, 7)], &[(1, active, 7)]), perhaps("host1"), "it may have been killed");
    assert_eq!(found(&[(1, active, 7)], &[(1, draining, 8)]), perhaps("host1"), "it is about to end");
    assert_eq!(found(&[], &[(1, active, 8)]), perhaps("host1"), "seen once");
    assert_eq!(found(&[(1, active, 7)], &[(1, NodeState::Dead, 7)]), Others::Nobody);
    assert_eq!(found(&[(1, joining, 7)], &[(1, joining, 8)]), lives("host1"), "of two that start, the lower id");
    assert_eq!(found(&[(9, joining, 7)], &[(9, joining, 8)]), perhaps("host9"), "it gives way to this one");
    assert_eq!(found(&[(9, active, 7), (8, active, 3)], &[(9, active, 7), (8, active, 4)]), lives("host8"));
}

#[test]
fn who_was_declared_dead_by_this_node_is_not_there() {
    let mut now = view(&[(1, NodeState::Active, 7)]);
    now.gone = Arc::new([node(1)]);
    assert_eq!(others(&view(&[(1, NodeState::Active, 7)]), &now, node(5)), Others::Nobody);
}
