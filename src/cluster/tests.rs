//! Reads of the tables `nodes` and `owners` as short texts, for the tests of this module.

use uuid::Uuid;

use crate::ids::{Epoch, NodeId, OwnerToken, Seq, ShardId};
use crate::ledger::time::WallTime;
use crate::store::Owner;
use crate::store::nodes::{ClusterSnapshot, FileHashes, NodeRef, NodeRow, NodeState, OwnerRow, PROTOCOL};

pub const NOON: i64 = 1_800_000_000_000;

/// A node by its name, in its first generation. A mark after the name, as in `a'`, makes another node.
pub fn node(name: &str) -> NodeRef {
    let id = name.bytes().fold(0, |id: u128, byte| id << 8 | u128::from(byte));
    NodeRef { id: NodeId(Uuid::from_u128(id)), generation: 1 }
}

/// Name of a node that was made by [`node`].
pub fn name(node: NodeRef) -> String {
    let bytes = node.id.0.into_bytes();
    String::from_utf8(bytes.into_iter().filter(|byte| *byte > 0).collect()).unwrap()
}

/// Reads the nodes and the owners of shards 0, 1, … from texts.
///
/// A node is a name with properties after colons: a state, another host (`host=x`; else the name without marks), the
/// milliseconds by which its clock differs (`+5`, `-5`), or `old` for a release whose nodes do not talk.
///
/// An owner is the name of a node, `legacy`, or `-` for a released shard with its successor after it (`->b`: b), and its
/// epoch after a slash, if that is not 1.
pub fn snapshot(nodes: &str, owners: &str) -> ClusterSnapshot {
    let owners = (0..).map(ShardId).zip(owners.split_whitespace()).map(|(shard, text)| owner(shard, text));
    ClusterSnapshot {
        alive: true,
        nodes: nodes.split_whitespace().map(node_row).collect(),
        owners: owners.collect(),
        connection: 1,
    }
}

fn node_row(text: &str) -> NodeRow {
    let mut parts = text.split(':');
    let name = parts.next().unwrap();
    let mut row = NodeRow {
        node: node(name),
        heartbeat: 1,
        state: NodeState::Active,
        host: name.trim_end_matches('\'').into(),
        lock: None,
        version: "1".into(),
        protocol: PROTOCOL,
        peer: None,
        wall: WallTime(NOON),
        files: FileHashes::default(),
    };
    for part in parts {
        match part {
            "dead" => (row.state, row.node.generation) = (NodeState::Dead, 2),
            "joining" => row.state = NodeState::Joining,
            "draining" => row.state = NodeState::Draining,
            "old" => (row.protocol, row.wall) = (0, WallTime(0)),
            _ if part.starts_with("host=") => row.host = part[5..].into(),
            _ => row.wall = WallTime(NOON + part.parse::<i64>().unwrap()),
        }
    }
    row
}

fn owner(shard: ShardId, text: &str) -> OwnerRow {
    let (text, epoch) = text.split_once('/').unwrap_or((text, "1"));
    let epoch = Epoch(epoch.parse().unwrap());
    let (token, node, seq) = match text {
        "-" => (Uuid::nil(), None, None),
        "legacy" => (Uuid::from_u128(9), None, Some(Seq(7))),
        text if text.starts_with("->") => (Uuid::nil(), Some(node(&text[2..])), None),
        text => (node(text).id.0, Some(node(text)), None),
    };
    OwnerRow { shard, owner: Owner { epoch, token: OwnerToken(token) }, node, seq }
}

#[test]
fn texts_say_who_is_who() {
    let read = snapshot("a b':dead:-5", "a -/3 ->b'");
    assert_eq!(name(read.nodes[1].node), "b'");
    assert_eq!((&*read.nodes[1].host, read.nodes[1].wall, read.nodes[1].node.generation), ("b", WallTime(NOON - 5), 2));
    assert_eq!(read.owners[0].node, Some(node("a")));
    assert!(read.owners[1].owner.token.0.is_nil() && read.owners[1].owner.epoch == Epoch(3));
    assert_eq!((read.owners[2].node, read.owners[2].shard), (Some(node("b'")), ShardId(2)));
}
