//! Which states of the shards are reasons for not being ready, and for how long.

use super::*;
use ShardState::{Damaged, Elsewhere, Failed, Lost, Serving, Stopped, StoreAway, StoreRefuses};

#[test]
fn it_serves_when_no_reason_is_left() {
    let readiness = Readiness::loading();
    assert_eq!(readiness.now().to_string(), "loading");
    readiness.set(NotReadyReason::Draining);
    assert_eq!(readiness.now().to_string(), "loading, draining");
    readiness.clear(NotReadyReason::Loading);
    readiness.clear(NotReadyReason::Draining);
    assert!(readiness.now().serving());
}

/// A service of two shards, and the readiness that follows from them.
struct Serving2 {
    shards: Vec<watch::Sender<ShardState>>,
    readiness: Arc<Readiness>,
    observed: watch::Receiver<NotReadyReasons>,
}

/// On a store that belongs to the process alone.
fn two_shards() -> Serving2 {
    shards_of(true)
}

fn shards_of(alone: bool) -> Serving2 {
    let shards = vec![watch::Sender::new(Serving), watch::Sender::new(Serving)];
    let readiness = Readiness::loading();
    readiness.clear(NotReadyReason::Loading);
    let states = vec![shards.iter().map(watch::Sender::subscribe).collect()];
    tokio::spawn(follow(states, alone, Arc::clone(&readiness)));
    let observed = readiness.subscribe();
    Serving2 { shards, readiness, observed }
}

/// Lets the follower process the changes.
async fn let_it_run() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

/// Of two databases, one that is away or refuses changes takes only its own shards down (decision 64).
#[tokio::test(start_paused = true)]
async fn a_service_of_two_cells_is_ready_while_one_of_them_is() {
    let shards = [watch::Sender::new(Serving), watch::Sender::new(Serving), watch::Sender::new(Elsewhere)];
    let readiness = Readiness::loading();
    readiness.clear(NotReadyReason::Loading);
    let states = |range: std::ops::Range<usize>| shards[range].iter().map(watch::Sender::subscribe).collect();
    tokio::spawn(follow(vec![states(0..1), states(1..3)], false, Arc::clone(&readiness)));
    for (first, second, reason) in [
        (StoreAway, Serving, None),
        (Serving, StoreRefuses, None),
        (StoreAway, StoreRefuses, Some(NotReadyReason::StoreAway)),
        (StoreAway, Elsewhere, None),
        (StoreRefuses, StoreRefuses, Some(NotReadyReason::StoreRefuses)),
        (Failed, Serving, Some(NotReadyReason::Failed)),
    ] {
        for shard in &shards[..2] {
            shard.send_replace(Serving);
        }
        let_it_run().await;
        shards[0].send_replace(first);
        shards[1].send_replace(second);
        let_it_run().await;
        tokio::time::advance(STORE_AWAY_TIMEOUT).await;
        let_it_run().await;
        let found = readiness.now().iter().next();
        assert_eq!(found, reason, "{first:?} {second:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_for_a_moment_stays_ready() {
    let service = two_shards();
    let_it_run().await;
    service.shards[1].send_replace(StoreAway);
    let_it_run().await;
    tokio::time::advance(STORE_AWAY_TIMEOUT - Duration::from_millis(1)).await;
    service.shards[1].send_replace(Serving);
    let_it_run().await;
    tokio::time::advance(STORE_AWAY_TIMEOUT * 2).await;
    let_it_run().await;
    assert!(service.readiness.now().serving());
    assert!(!service.observed.has_changed().unwrap(), "it never was a reason");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_stays_away_is_not_ready_until_it_is_back() {
    let mut service = two_shards();
    service.shards[0].send_replace(StoreAway);
    // The other shard loses its store later: the grace does not start again.
    tokio::time::advance(STORE_AWAY_TIMEOUT / 2).await;
    service.shards[1].send_replace(StoreAway);
    service.observed.changed().await.unwrap();
    assert_eq!(service.readiness.now().to_string(), "store away");
    service.shards[0].send_replace(Serving);
    tokio::time::advance(STORE_AWAY_TIMEOUT * 2).await;
    let_it_run().await;
    assert_eq!(service.readiness.now().to_string(), "store away");
    service.shards[1].send_replace(Serving);
    service.observed.wait_for(|reasons| reasons.serving()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_store_that_refuses_is_not_ready_at_once_until_it_takes_changes() {
    let mut service = two_shards();
    let_it_run().await;
    service.shards[1].send_replace(StoreRefuses);
    let_it_run().await;
    assert_eq!(service.readiness.now().to_string(), "store refuses changes", "no grace");
    // The shard is away for a moment: that clears nothing.
    service.shards[1].send_replace(StoreAway);
    let_it_run().await;
    assert_eq!(service.readiness.now().to_string(), "store refuses changes");
    service.shards[1].send_replace(Serving);
    service.observed.wait_for(|reasons| reasons.serving()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn lost_ownership_is_not_ready_at_once_and_for_good() {
    for before in [Serving, StoreAway] {
        let mut service = two_shards();
        service.shards[0].send_replace(before);
        let_it_run().await;
        service.shards[0].send_replace(Lost);
        service.observed.wait_for(|reasons| reasons.to_string() == "ownership lost").await.unwrap();
        service.shards[0].send_replace(Serving);
        tokio::time::advance(STORE_AWAY_TIMEOUT * 2).await;
        let_it_run().await;
        assert_eq!(service.readiness.now().to_string(), "ownership lost");
    }
}

#[tokio::test(start_paused = true)]
async fn shards_that_come_and_go_are_no_reason() {
    let service = shards_of(false);
    for state in [Elsewhere, Serving, Damaged, Elsewhere] {
        for shard in &service.shards {
            shard.send_replace(state);
        }
        let_it_run().await;
        assert!(service.readiness.now().serving(), "{state:?}");
    }
    service.shards[1].send_replace(StoreRefuses);
    let_it_run().await;
    assert_eq!(service.readiness.now().to_string(), "store refuses changes", "of the one that it holds");
    service.shards[1].send_replace(Elsewhere);
    let_it_run().await;
    assert!(service.readiness.now().serving(), "another node has it now");
}

#[tokio::test(start_paused = true)]
async fn damage_ends_a_process_that_has_the_store_alone() {
    let mut service = two_shards();
    service.shards[1].send_replace(Damaged);
    service.observed.wait_for(|reasons| reasons.has(NotReadyReason::Damaged)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_process_that_must_serve_alone_ends_when_it_loses_a_shard() {
    let (losses, readiness) = (watch::Sender::new(0), Readiness::loading());
    let ends = tokio::spawn(end_on_loss(losses.subscribe(), Arc::clone(&readiness)));
    let_it_run().await;
    assert!(!readiness.now().has(NotReadyReason::OwnershipLost));
    losses.send_replace(1);
    ends.await.unwrap();
    assert!(readiness.now().has(NotReadyReason::OwnershipLost));
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_panicked_has_failed() {
    let mut service = two_shards();
    let_it_run().await;
    service.shards[1].send_replace(Failed);
    service.observed.wait_for(|reasons| reasons.has(NotReadyReason::Failed)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_is_gone_ends_it() {
    let service = two_shards();
    let (readiness, shards) = (service.readiness, service.shards);
    let states = vec![shards.iter().map(watch::Sender::subscribe).collect()];
    let follows = tokio::spawn(follow(states, true, readiness.clone()));
    drop(shards);
    follows.await.unwrap();
    assert!(readiness.now().serving());
}

#[tokio::test(start_paused = true)]
async fn shards_that_stop_are_no_reason_of_their_own() {
    let service = two_shards();
    let_it_run().await;
    service.shards[0].send_replace(Stopped);
    service.shards[1].send_replace(Stopped);
    tokio::time::advance(STORE_AWAY_TIMEOUT * 2).await;
    let_it_run().await;
    assert!(service.readiness.now().serving());
}
