//! A call goes to the owner of its shard, by whichever way, and waits while there is none (C8).

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;
use usher::cluster::KnownOwner;
use usher::ids::{Epoch, NodeId, ShardId};
use usher::ownership::{NoPlace, Place};
use usher::store::nodes::NodeRef;

use super::{Member, SHARD, World, in_seconds, let_it_run};

/// Calls that may wait for a shard.
const MOST: usize = 1_000;

/// A node that loads the shard, until the test lets it.
async fn loading(world: &World) -> Member {
    let member = world.begin("host");
    member.store.hold_loads(true);
    member.until("it has claimed the shard", |_| world.epoch() > Epoch(0)).await;
    assert!(!member.journal.holds(SHARD));
    member
}

fn finish_loading(member: &Member) {
    member.store.hold_loads(false);
    member.store.resume_commits();
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_a_shard_that_is_being_loaded_here() {
    let world = World::new();
    let member = loading(&world).await;
    let locator = member.locator.clone();
    let call = tokio::spawn(async move { locator.locate(SHARD, None, in_seconds(5)).await });
    let_it_run().await;
    assert!(!call.is_finished());
    assert_eq!(member.figures.waiting(), 1);
    finish_loading(&member);
    let owner = KnownOwner { epoch: world.epoch(), node: Some(member.me()) };
    assert_eq!(call.await.unwrap(), Ok(Place::Here(owner)));
    assert_eq!(member.figures.waiting(), 0);
    assert_eq!(member.locator.locate(SHARD, None, in_seconds(0)).await, Ok(Place::Here(owner)), "at once from then on");
}

#[tokio::test(start_paused = true)]
async fn so_many_calls_wait_and_one_more_when_one_has_left() {
    let world = World::new();
    let member = loading(&world).await;
    let mut calls = JoinSet::new();
    let mut call = || {
        let locator = member.locator.clone();
        calls.spawn(async move { locator.locate(SHARD, None, in_seconds(5)).await })
    };
    let first = call();
    (1..MOST).for_each(|_| drop(call()));
    let_it_run().await;
    assert_eq!(member.figures.waiting(), MOST as u64);
    assert_eq!(member.locator.locate(SHARD, None, in_seconds(5)).await, Err(NoPlace::TooMany));
    first.abort();
    let_it_run().await;
    call();
    let_it_run().await;
    assert_eq!(member.figures.waiting(), MOST as u64);
    finish_loading(&member);
    let mut found = 0;
    while let Some(call) = calls.join_next().await {
        found += usize::from(call.is_ok_and(|found| found.is_ok()));
    }
    assert_eq!(found, MOST);
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_no_longer_than_it_may() {
    let world = World::new();
    let member = loading(&world).await;
    let began = Instant::now();
    assert_eq!(member.locator.locate(SHARD, None, in_seconds(3)).await, Err(NoPlace::TooLate));
    assert_eq!(began.elapsed(), Duration::from_secs(3));
    assert_eq!(member.locator.locate(ShardId(1), None, in_seconds(3)).await, Err(NoPlace::TooMany), "no such shard");
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_to_the_owner_and_again_after_a_pause_or_with_news() {
    let world = World::new();
    let (owner, [here]) = world.group().await;
    let (known, to) = (here.known(), owner.me().id);
    let there = Ok(Place::There { owner: known, via: to });
    let began = Instant::now();
    assert_eq!(here.locator.locate(SHARD, None, in_seconds(0)).await, there);
    assert!(began.elapsed().is_zero());
    assert_eq!(here.locator.locate(SHARD, Some(known), in_seconds(5)).await, there);
    assert_eq!(began.elapsed(), Duration::from_secs(1), "it may have been about to release the shard");

    let next = NodeRef { id: NodeId::random(), generation: 1 };
    let news = KnownOwner { epoch: Epoch(known.epoch.0 + 1), node: Some(next) };
    let locator = here.locator.clone();
    let call = tokio::spawn(async move { locator.locate(SHARD, Some(known), in_seconds(5)).await });
    let_it_run().await;
    assert!(!call.is_finished());
    let refused_at = Instant::now();
    here.locator.refused(SHARD, to, news);
    assert_eq!(call.await.unwrap(), Ok(Place::There { owner: news, via: next.id }));
    assert!(refused_at.elapsed().is_zero());
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_around_when_its_owner_is_not_reached() {
    let world = World::new();
    let (owner, [here, other]) = world.group().await;
    let (known, to, around) = (here.known(), owner.me().id, other.me().id);
    let via = |via| Ok(Place::There { owner: known, via });
    let began = Instant::now();
    here.locator.not_reached(to);
    assert_eq!(
        here.locator.locate(SHARD, Some(known), in_seconds(5)).await,
        via(around),
        "the same owner by another way"
    );
    assert_eq!(here.locator.locate(SHARD, None, in_seconds(5)).await, via(around), "other calls, too");
    assert!(began.elapsed().is_zero());
    // The other one does not reach the owner, either.
    here.locator.refused(SHARD, around, known);
    assert_eq!(here.locator.locate(SHARD, None, in_seconds(5)).await, via(to), "nothing else is left");
    assert_eq!(here.locator.locate(SHARD, Some(known), in_seconds(5)).await, via(around), "after a pause");
    assert_eq!(began.elapsed(), Duration::from_secs(1));
    here.locator.not_reached(around);
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(here.locator.locate(SHARD, None, in_seconds(5)).await, via(to), "after three seconds it is tried again");
}
