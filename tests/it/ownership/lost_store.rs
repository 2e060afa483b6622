//! A node that has lost the store, or was declared dead, still knows the others: calls go on (C8).

use std::time::Duration;

use usher::cluster::{KnownOwner, LEASE_DURATION};
use usher::ids::Epoch;
use usher::ownership::Place;

use super::{SHARD, World, in_seconds, let_it_run};

#[tokio::test(start_paused = true)]
async fn who_has_lost_the_store_asks_others_for_the_owner_of_its_own_shards() {
    let world = World::new();
    let (here, [one, two]) = world.group().await;
    let known = here.known();
    here.store.cut_off(true);
    here.until("its lease is over", |here| !here.journal.has_lease(SHARD)).await;
    assert!(here.journal.holds(SHARD), "it does not know yet that another node owns the shard");
    assert!(here.node.heartbeat_age() >= Some(LEASE_DURATION) && here.ownership.has_peers());
    let mut asked = Vec::new();
    for _ in 0..2 {
        let Ok(Place::There { owner, via }) = here.locator.locate(SHARD, Some(known), in_seconds(0)).await else {
            panic!("nobody was asked");
        };
        assert_eq!(owner, known);
        asked.push(via);
        // It does not know better yet.
        here.locator.refused(SHARD, via, known);
    }
    asked.sort_unstable();
    let mut all = [one.me().id, two.me().id];
    all.sort_unstable();
    assert_eq!(asked, all, "each is asked once");
    assert!(here.locator.locate(SHARD, Some(known), in_seconds(0)).await.is_err());

    // Another node declares it dead, and takes the shard over. The next one that is asked says so.
    one.until("another node has the shard", |one| one.journal.holds(SHARD) || two.journal.holds(SHARD)).await;
    let next = if one.journal.holds(SHARD) { &one } else { &two };
    let owner = KnownOwner { epoch: Epoch(known.epoch.0 + 1), node: Some(next.me()) };
    here.locator.refused(SHARD, asked[0], owner);
    let there = Ok(Place::There { owner, via: next.me().id });
    assert_eq!(
        here.locator.locate(SHARD, Some(known), in_seconds(0)).await,
        there,
        "although it holds the shard itself"
    );
    assert!(here.journal.holds(SHARD));
}

#[tokio::test(start_paused = true)]
async fn who_has_its_lease_answers_itself_whatever_it_is_told() {
    let world = World::new();
    let (here, [other]) = world.group().await;
    let stale = KnownOwner { epoch: world.epoch(), node: None };
    here.locator.refused(SHARD, other.me().id, stale);
    assert_eq!(here.locator.locate(SHARD, None, in_seconds(0)).await, Ok(Place::Here(stale)));
}

#[tokio::test(start_paused = true)]
async fn who_was_declared_dead_knows_the_others_while_it_joins_anew() {
    let world = World::new();
    let (here, [other]) = world.group().await;
    let (me, known) = (here.me(), here.known());
    assert!(world.store.disk.lock().unwrap().nodes.declare_dead(me, None));
    here.until("it knows that it is dead", |here| here.node.views().borrow().me != Some(me)).await;
    let_it_run().await;
    assert!(here.ownership.has_peers(), "calls are kept and sent on");
    assert_eq!(here.owners.of(SHARD), KnownOwner { node: None, ..known }, "what it owned is nobody's");
    other.until("somebody has the shard", |other| other.journal.holds(SHARD) || here.journal.holds(SHARD)).await;
    let place = here.locator.locate(SHARD, None, in_seconds(5)).await;
    assert!(place.is_ok(), "{place:?}");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(here.node.figures().rejoined, 1);
}
