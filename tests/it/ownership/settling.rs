//! A start is over when every shard is served; a damaged one must not keep a node from serving the others.

use futures_util::FutureExt;
use usher::ids::Epoch;
use usher::journal::StartError;

use super::{SHARD, World};

#[tokio::test(start_paused = true)]
async fn a_start_waits_until_its_shards_are_loaded() {
    let world = World::new();
    let member = world.begin("host");
    member.store.hold_loads(true);
    member.until("it has claimed the shard", |_| world.epoch() > Epoch(0)).await;
    assert!(member.ownership.settled().now_or_never().is_none());
    member.store.hold_loads(false);
    member.store.resume_commits();
    member.ownership.settled().await.unwrap();
    assert!(member.journal.holds(SHARD));
}

#[tokio::test(start_paused = true)]
async fn a_start_beside_an_owner_has_nothing_to_load() {
    let world = World::new();
    let (owner, [other]) = world.group().await;
    assert!(owner.journal.holds(SHARD) && !other.journal.holds(SHARD));
    assert_eq!(other.known().node, Some(owner.me()));
    assert!(owner.ownership.has_peers() && other.ownership.has_peers());
    assert!(!owner.ownership.is_alone() && !other.ownership.is_alone());
}

#[tokio::test(start_paused = true)]
async fn a_damaged_shard_ends_a_start_only_where_nobody_else_could_serve_it() {
    let world = World::new();
    world.store.disk.lock().unwrap().position.seq.0 = -1;
    let alone = world.begin("alone");
    let failed = alone.ownership.settled().await;
    assert!(matches!(failed, Err(StartError::Damaged(SHARD, _))), "{failed:?}");
    let other = world.begin("other");
    other.ownership.settled().await.unwrap();
    assert!(!other.journal.holds(SHARD) && other.ownership.has_peers());
    let owner = other.known().node;
    assert_eq!(owner, None, "it was given back, for who can load it");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_at_once_is_not_asked_without_a_pause() {
    let world = World::new();
    let member = world.begin("host");
    member.store.loads(false);
    let mut views = member.node.views();
    for _ in 0..10 {
        views.changed().await.unwrap();
    }
    let claims = world.epoch().0;
    assert!((3..=10).contains(&claims), "{claims} claims in 10 heartbeats");
    assert!(member.node.figures().heartbeats <= 11);
    member.store.loads(true);
    member.has_it().await;
}
