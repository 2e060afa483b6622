//! A node that ends hands its shards over first (C7), if there is anybody to take them.

use std::time::Duration;

use tokio::time::Instant;
use usher::peers::PeerMessage;
use usher::store::nodes::NodeState;

use super::{SHARD, TIMEOUT, World, let_it_run};

#[tokio::test(start_paused = true)]
async fn a_drain_ends_when_everything_was_handed_over() {
    let world = World::new();
    let (owner, [next]) = world.group().await;
    let epoch = world.epoch();
    owner.take_sent();
    owner.ownership.drain(TIMEOUT).await;
    assert!(!owner.journal.holds(SHARD));
    let released = PeerMessage::Released { shard: SHARD, epoch, to: next.me() };
    assert_eq!(owner.take_sent(), [(Some(next.me().id), released)]);
    assert_eq!(owner.known().node, Some(next.me()), "calls that wait here know where to go");
    // The message was lost: a heartbeat tells the same.
    next.has_it().await;
    let is_draining = |row: &usher::store::nodes::NodeRow| row.state == NodeState::Draining;
    assert!(next.node.views().borrow().living().any(is_draining));
}

#[tokio::test(start_paused = true)]
async fn who_is_alone_keeps_its_shards_until_it_ends() {
    let world = World::new();
    let (owner, []) = world.group().await;
    let began = Instant::now();
    owner.ownership.drain(TIMEOUT).await;
    assert!(began.elapsed().is_zero() && owner.journal.holds(SHARD), "it serves to the last");
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_no_longer_than_it_may() {
    let world = World::new();
    let (owner, [_next]) = world.group().await;
    // Without heartbeats nothing is planned.
    owner.store.cut_off(true);
    let began = Instant::now();
    owner.ownership.drain(Duration::from_secs(2)).await;
    assert_eq!(began.elapsed(), Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn who_is_to_serve_alone_gives_its_shard_to_nobody_before_it_ends() {
    // As many nodes as it takes for the shard to belong elsewhere.
    for solo in [false, true] {
        let world = World::new();
        let first = world.begin_with("first", solo);
        first.ownership.settled().await.unwrap();
        first.node.set_state(NodeState::Active);
        let mut others = Vec::new();
        for at in 0..8 {
            others.push(world.start(&format!("other{at}")).await);
        }
        tokio::time::advance(Duration::from_secs(1)).await;
        let mut views = first.node.views();
        for _ in 0..90 {
            views.changed().await.unwrap();
            let_it_run().await;
        }
        assert_eq!(first.journal.holds(SHARD), solo, "with --solo: {solo}");
        first.ownership.drain(TIMEOUT).await;
        assert!(!first.journal.holds(SHARD));
    }
}
