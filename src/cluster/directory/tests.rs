use uuid::Uuid;

use super::*;
use crate::clock::ManualClock;
use crate::ids::{Epoch, OwnerToken};
use crate::ledger::time::WallTime;
use crate::store::Owner;
use crate::store::nodes::{ClusterSnapshot, OwnerRow, PROTOCOL};
use std::sync::Arc;

fn node(number: u128) -> NodeRef {
    NodeRef { id: NodeId(Uuid::from_u128(number)), generation: 1 }
}

/// A living node whose clock shows so many milliseconds at its first heartbeat.
fn row(number: u128, host: &str, wall: i64) -> NodeRow {
    NodeRow {
        node: node(number),
        heartbeat: 1,
        state: NodeState::Active,
        host: host.into(),
        lock: None,
        version: "1".into(),
        protocol: PROTOCOL,
        peer: None,
        wall: WallTime(wall),
        files: FileHashes { license_keys: "same".into(), access: "same".into() },
    }
}

fn owner(shard: u16, token: u128, node: Option<NodeRef>) -> OwnerRow {
    let owner = Owner { epoch: Epoch(3), token: OwnerToken(Uuid::from_u128(token)) };
    OwnerRow { shard: ShardId(shard), owner, node, seq: None }
}

/// The directory of node 1, with the clock by which it counts.
struct Reader {
    directory: Directory,
    clock: Arc<ManualClock>,
    now: Clock,
}

impl Reader {
    fn new() -> Self {
        let (now, clock) = Clock::manual(WallTime(0));
        clock.advance(Duration::from_secs(100));
        Self { directory: Directory::new(now.clone()), clock, now }
    }

    fn read(&self, nodes: &[NodeRow], owners: &[OwnerRow]) {
        self.read_and_declare(nodes, owners, &[]);
    }

    fn read_and_declare(&self, nodes: &[NodeRow], owners: &[OwnerRow], gone: &[NodeRef]) {
        let snapshot = ClusterSnapshot { alive: true, nodes: nodes.to_vec(), owners: owners.to_vec(), connection: 1 };
        let (snapshot, answered) = (Arc::new(snapshot), self.now.boot_time());
        self.directory.observe(node(1), &View { snapshot, gone: gone.into(), answered, ..View::none() });
    }

    fn shards(&self) -> (Vec<Vec<u16>>, Vec<u16>) {
        let numbers = |shards: &[ShardId]| shards.iter().map(|shard| shard.0).collect();
        let known = self.directory.nodes();
        (known.nodes.iter().map(|node| numbers(&node.shards)).collect(), numbers(&known.unowned))
    }

    /// Offset of this process's clock, in milliseconds.
    fn offset(&self) -> u128 {
        self.directory.agreement().clock_offset.as_millis()
    }
}

#[test]
fn c17_nodes_come_by_host_name_with_the_shards_that_they_own() {
    let reader = Reader::new();
    assert_eq!(reader.directory.nodes(), KnownNodes::default(), "nothing is known before the first heartbeat");
    let owners = [owner(0, 7, Some(node(2))), owner(1, 8, Some(node(1))), owner(2, 9, Some(node(2)))];
    reader.read(&[row(1, "beta", 0), row(2, "alpha", 0)], &owners);
    let known = reader.directory.nodes();
    assert_eq!(known.nodes.iter().map(|node| &*node.row.host).collect::<Vec<_>>(), ["alpha", "beta"]);
    assert_eq!(known.me, Some(node(1)));
    assert_eq!(reader.shards(), (vec![vec![0, 2], vec![1]], vec![]));
}

#[test]
fn c17_a_shard_that_is_released_or_of_a_dead_or_former_node_has_no_owner() {
    let reader = Reader::new();
    let dead = NodeRow { state: NodeState::Dead, ..row(2, "beta", 0) };
    let former = NodeRef { generation: 0, ..node(1) };
    let owners = [
        owner(0, 0, Some(node(1))),
        owner(1, 7, Some(node(2))),
        owner(2, 7, Some(former)),
        owner(3, 7, None),
        owner(4, 7, Some(node(9))),
        owner(5, 7, Some(node(1))),
    ];
    reader.read(&[row(1, "alpha", 0), dead], &owners);
    assert_eq!(reader.shards(), (vec![vec![5], vec![]], vec![0, 1, 2, 3, 4]));
    let agreement = reader.directory.agreement();
    assert_eq!((agreement.members, agreement.unowned_shards), (1, 5));
}

#[test]
fn c17_a_node_that_this_one_has_just_declared_dead_is_dead() {
    let reader = Reader::new();
    let (nodes, owners) = ([row(1, "alpha", 0), row(2, "beta", 0)], [owner(0, 7, Some(node(2)))]);
    reader.read_and_declare(&nodes, &owners, &[node(2)]);
    let known = reader.directory.nodes();
    assert_eq!((known.nodes[1].row.state, known.unowned), (NodeState::Dead, vec![ShardId(0)]));
    assert_eq!(reader.directory.agreement().members, 1);
}

#[test]
fn c17_the_age_of_a_heartbeat_is_counted_by_the_clock_of_who_saw_it() {
    let reader = Reader::new();
    let ages =
        || -> Vec<u64> { reader.directory.nodes().nodes.iter().map(|node| node.heartbeat_age.as_secs()).collect() };
    let (mut first, second) = (row(1, "alpha", 0), row(2, "beta", 0));
    reader.read(&[first.clone(), second.clone()], &[]);
    reader.clock.advance(Duration::from_secs(3));
    first.heartbeat += 1;
    reader.read(&[first.clone(), second.clone()], &[]);
    assert_eq!(ages(), [0, 3]);
    reader.clock.suspend(Duration::from_secs(60));
    assert_eq!(ages(), [60, 63], "a suspended machine has aged, too");
    // A node that joins anew, and one that is gone.
    reader.read(&[first], &[]);
    assert_eq!(ages(), [60]);
    reader.read(&[second], &[]);
    assert_eq!(ages(), [0]);
}

#[test]
fn c17_a_clock_is_compared_with_the_median_of_all_living_members() {
    let reader = Reader::new();
    let read = |clocks: &[i64]| {
        let rows: Vec<_> = (1..).zip(clocks).map(|(number, wall)| row(number, "host", *wall)).collect();
        reader.read(&rows, &[]);
        reader.offset()
    };
    assert_eq!(reader.offset(), 0, "nothing is known yet");
    assert_eq!(read(&[7_000]), 0, "there is nobody else");
    assert_eq!(read(&[10_000, 20_000]), 5_000);
    assert_eq!(read(&[10_000, 20_000, 21_000]), 10_000);
    assert_eq!(read(&[20_000, 10_000, 21_000]), 0, "it is the median itself");
    assert_eq!(read(&[i64::MIN, i64::MAX, 5]), (1 << 63) + 5, "whatever a clock shows");
    assert_eq!(read(&[10_000, 0, 0]), 0, "of the others no clock is known");
}

#[test]
fn c17_a_node_that_hangs_does_not_pull_the_median() {
    let reader = Reader::new();
    let read = |heartbeat, wall| {
        let mine = NodeRow { heartbeat, ..row(1, "alpha", wall) };
        let hangs = [row(2, "beta", 1_000), row(3, "gamma", 1_000)];
        reader.read(&[mine, hangs[0].clone(), hangs[1].clone()], &[]);
    };
    read(1, 1_000);
    reader.clock.advance(Duration::from_secs(4));
    read(2, 5_000);
    assert_eq!(reader.offset(), 0);
}

#[test]
fn c10_files_that_differ_are_counted_by_every_node_that_sees_it() {
    let reader = Reader::new();
    let files = |keys: &str, access: &str| FileHashes { license_keys: keys.into(), access: access.into() };
    let others = [
        NodeRow { files: files("other", "same"), ..row(2, "beta", 0) },
        NodeRow { files: files("other", ""), ..row(3, "gamma", 0) },
        // It sends no hashes: nothing is known of its files.
        NodeRow { files: files("", ""), protocol: 0, ..row(4, "old", 0) },
        NodeRow { files: files("other", "other"), state: NodeState::Dead, ..row(5, "zeta", 0) },
    ];
    reader.read(&[&[row(1, "alpha", 0)], &others[..]].concat(), &[]);
    assert_eq!(reader.directory.agreement().differing, [2, 1]);
    let known = reader.directory.nodes();
    let differing: Vec<_> = known.nodes[..4].iter().map(|node| node.differing_files.clone()).collect();
    assert_eq!(differing, [vec![], vec![File::LicenseKeys], vec![File::LicenseKeys, File::Access], vec![]]);
}
