//! What nodes tell each other saves the time until the next heartbeat, and decides nothing.

use tokio::time::Instant;
use usher::cluster::{HEARTBEAT_INTERVAL, KnownOwner};
use usher::ids::{Epoch, NodeId};
use usher::peers::PeerMessage;
use usher::store::nodes::NodeRef;

use super::{SHARD, World, let_it_run};

#[tokio::test(start_paused = true)]
async fn what_was_released_to_a_node_is_claimed_at_once() {
    let world = World::new();
    let (owner, [next]) = world.group().await;
    let epoch = world.epoch();
    let began = Instant::now();
    let to = next.me();
    assert!(owner.journal.release(SHARD, Some(to)).await.is_some());
    next.messages.send(PeerMessage::Released { shard: SHARD, epoch, to }).await.unwrap();
    let_it_run().await;
    assert!(next.journal.holds(SHARD) && began.elapsed().is_zero(), "before any heartbeat");
    let epoch = Epoch(epoch.0 + 1);
    assert_eq!(next.known(), KnownOwner { epoch, node: Some(to) });
    let owns = PeerMessage::Owns { shard: SHARD, epoch, node: to };
    assert_eq!(next.take_sent(), [(None, owns)], "and all others learn it");
    assert_eq!((next.figures.hand_overs.cumulated().1, next.figures.take_overs.cumulated().1), (1, 0));
    owner.messages.send(owns).await.unwrap();
    let_it_run().await;
    assert_eq!(owner.known(), next.known());
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_late_or_for_another_node_claims_nothing() {
    let world = World::new();
    let (owner, [here, other]) = world.group().await;
    let (epoch, to) = (world.epoch(), here.me());
    for message in [
        // It was released at that epoch, and somebody has claimed it since.
        PeerMessage::Released { shard: SHARD, epoch: Epoch(epoch.0 - 1), to },
        // The owner has not released it.
        PeerMessage::Released { shard: SHARD, epoch, to },
        PeerMessage::Released { shard: SHARD, epoch, to: other.me() },
        // This node had that id once.
        PeerMessage::Released { shard: SHARD, epoch, to: NodeRef { id: NodeId::random(), generation: 1 } },
    ] {
        here.messages.send(message).await.unwrap();
        let_it_run().await;
        assert_eq!((world.epoch(), here.journal.holds(SHARD)), (epoch, false), "{message:?}");
        assert!(owner.journal.has_lease(SHARD), "{message:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_about_to_end_claims_nothing_that_it_is_told_to() {
    let world = World::new();
    let (owner, [here]) = world.group().await;
    let (epoch, to) = (world.epoch(), here.me());
    here.ownership.drain(super::TIMEOUT).await;
    assert!(owner.journal.release(SHARD, Some(to)).await.is_some());
    here.messages.send(PeerMessage::Released { shard: SHARD, epoch, to }).await.unwrap();
    let_it_run().await;
    assert!(!here.journal.holds(SHARD));
    owner.has_it().await;
}

#[tokio::test(start_paused = true)]
async fn who_hears_that_another_node_has_its_shard_drops_it() {
    let world = World::new();
    let (here, [other]) = world.group().await;
    let (epoch, node) = (world.epoch(), other.me());
    here.store.cut_off(true);
    let hears = async |epoch| {
        here.messages.send(PeerMessage::Owns { shard: SHARD, epoch, node }).await.unwrap();
        let_it_run().await;
        here.journal.holds(SHARD)
    };
    tokio::time::advance(HEARTBEAT_INTERVAL).await;
    let_it_run().await;
    assert!(hears(Epoch(epoch.0 - 1)).await, "it was that node's before");
    // It had no owner for a while, as others have reported.
    here.owners.learn(SHARD, KnownOwner { epoch, node: None });
    assert!(!hears(Epoch(epoch.0 + 1)).await);
}
