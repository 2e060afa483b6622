use uuid::Uuid;

use super::*;
use crate::ids::{Epoch, OwnerToken};
use crate::ledger::time::WallTime;
use crate::store::nodes::{FileHashes, NodeRow, OwnerRow, PROTOCOL};

const FIRST: NodeRef = NodeRef { id: NodeId(Uuid::from_u128(1)), generation: 1 };
const SHARD: ShardId = ShardId(0);
const NEVER: [u64; 0] = [];

/// A read of one other node with this heartbeat number.
fn heartbeat(heartbeat: i64) -> ClusterSnapshot {
    let row = NodeRow {
        node: FIRST,
        heartbeat,
        state: NodeState::Active,
        host: "first".into(),
        lock: None,
        version: "1".into(),
        protocol: PROTOCOL,
        peer: None,
        wall: WallTime::default(),
        files: FileHashes::default(),
    };
    ClusterSnapshot { alive: true, nodes: vec![row], owners: Vec::new(), connection: 1 }
}

/// A read of a shard whose owner is not a node.
fn batch(seq: i64) -> ClusterSnapshot {
    let owner = Owner { epoch: Epoch(3), token: OwnerToken(Uuid::from_u128(9)) };
    let row = OwnerRow { shard: SHARD, owner, node: None, seq: Some(Seq(seq)) };
    ClusterSnapshot { alive: true, nodes: Vec::new(), owners: vec![row], connection: 1 }
}

/// Observes reads in order, each with the times in milliseconds at which it was sent and answered. Returns the times of
/// those that found a silent node or owner.
fn silent(reads: &[(u64, u64, ClusterSnapshot)]) -> Vec<u64> {
    let mut observer = Observer::default();
    let mut found = Vec::new();
    for (sent, answered, snapshot) in reads {
        let silent = observer.observe(snapshot, Duration::from_millis(*sent), Duration::from_millis(*answered));
        if silent != Silent::default() {
            found.push(*sent);
        }
    }
    found
}

/// One read per second, each answered after 10 ms.
fn every_second(count: u64, snapshot: impl Fn(u64) -> ClusterSnapshot) -> Vec<(u64, u64, ClusterSnapshot)> {
    (0..count).map(|at| (at * 1_000, at * 1_000 + 10, snapshot(at))).collect()
}

#[test]
fn a_heartbeat_number_that_stands_still_for_4500_ms_is_that_of_a_dead_node() {
    // The count begins at 10, with the first answer, and is long enough at 4,510: at the read that is sent at 5,000.
    assert_eq!(silent(&every_second(7, |_| heartbeat(5))), [5_000, 6_000]);
    let exactly = |last| {
        let mut reads = every_second(4, |_| heartbeat(5));
        reads.push((last, last + 10, heartbeat(5)));
        silent(&reads)
    };
    assert_eq!(exactly(4_509), NEVER);
    assert_eq!(exactly(4_510), [4_510]);
}

#[test]
fn a_heartbeat_number_that_moves_is_that_of_a_living_node() {
    assert_eq!(silent(&every_second(60, |at| heartbeat(i64::try_from(at / 4).unwrap()))), NEVER);
}

#[test]
fn an_observer_that_was_away_counts_anew() {
    let mut reads = every_second(5, |_| heartbeat(5));
    // A gap of 1,700 ms since the last answer is allowed; one millisecond more is not.
    reads.push((5_700, 5_710, heartbeat(5)));
    assert_eq!(silent(&reads), [5_700]);
    reads.pop();
    reads.push((5_701, 5_711, heartbeat(5)));
    reads.extend((1..5).map(|at| (5_711 + at * 1_000, 5_711 + at * 1_000, heartbeat(5))));
    assert_eq!(silent(&reads), NEVER);
    reads.push((10_211, 10_221, heartbeat(5)));
    assert_eq!(silent(&reads), [10_211]);
}

#[test]
fn an_observer_that_connected_again_or_missed_a_read_counts_anew() {
    let mut reads = every_second(6, |at| ClusterSnapshot { connection: 1 + at / 3, ..heartbeat(5) });
    assert_eq!(silent(&reads), NEVER);
    reads.extend((6..8).map(|at| (at * 1_000, at * 1_000 + 10, ClusterSnapshot { connection: 2, ..heartbeat(5) })));
    assert_eq!(silent(&reads), NEVER);

    let mut observer = Observer::default();
    for (sent, answered, snapshot) in every_second(5, |_| heartbeat(5)) {
        observer.observe(&snapshot, Duration::from_millis(sent), Duration::from_millis(answered));
    }
    observer.missed();
    let silent = observer.observe(&heartbeat(5), Duration::from_millis(5_000), Duration::from_millis(5_010));
    assert_eq!(silent, Silent::default());
}

#[test]
fn who_is_declared_dead_is_not_declared_again() {
    let dead = |_| {
        let mut snapshot = heartbeat(5);
        snapshot.nodes[0].state = NodeState::Dead;
        snapshot
    };
    assert_eq!(silent(&every_second(10, dead)), NEVER);
}

#[test]
fn an_owner_that_is_no_node_is_gone_when_its_batches_stand_still_for_45_seconds() {
    assert_eq!(silent(&every_second(47, |_| batch(7))), [46_000]);
    assert_eq!(silent(&every_second(100, |at| batch(i64::try_from(at / 10).unwrap()))), NEVER);
    let released = |_| {
        let mut snapshot = batch(7);
        snapshot.owners[0].owner.token = OwnerToken(Uuid::nil());
        snapshot
    };
    assert_eq!(silent(&every_second(60, released)), NEVER);
}
