//! The heartbeats of a node, over a store whose answers a test decides.

mod store;

use std::sync::atomic::AtomicBool;

use tokio::time::timeout;
use uuid::Uuid;

use self::store::FakeStore;
use super::*;
use crate::clock::ManualClock;
use crate::cluster::lock::LockFile;
use crate::cluster::tests::{node, snapshot};
use crate::ids::{Epoch, OwnerToken, ShardId};
use crate::ledger::time::WallTime;
use crate::store::Owner;
use crate::store::nodes::{OwnerRow, PROTOCOL};

const SHARD: ShardId = ShardId(0);

/// A running node over the fake store, after its first heartbeat.
struct Running {
    node: Arc<Node>,
    store: Arc<FakeStore>,
    clock: Arc<ManualClock>,
    views: watch::Receiver<View>,
}

impl Running {
    async fn start(owners: &str) -> Self {
        let mut running = Self::begin(owners);
        running.view(|view| view.heartbeats == 1).await;
        running
    }

    fn begin(owners: &str) -> Self {
        let (clock, manual) = Clock::manual(WallTime(7_000));
        manual.advance(Duration::from_secs(10));
        let store = Arc::new(FakeStore::default());
        store.state().owners = snapshot("", owners).owners;
        let description = NodeDescription { host: "host".into(), version: "1", protocol: PROTOCOL, peer: None };
        let node = Node::new(store.clone(), clock, 2, description);
        let views = node.views();
        tokio::spawn(Arc::clone(&node).run(LockFile::none()));
        Self { node, store, clock: manual, views }
    }

    /// Waits for a view.
    async fn view(&mut self, wanted: impl FnMut(&View) -> bool) -> View {
        let waiting = timeout(Duration::from_secs(60), self.views.wait_for(wanted));
        waiting.await.expect("such a view comes").unwrap().clone()
    }

    async fn next_view(&mut self) -> View {
        let (heartbeats, missed) = (self.views.borrow().heartbeats, self.views.borrow().missed);
        self.view(|view| (view.heartbeats, view.missed) != (heartbeats, missed)).await
    }

    fn me(&self) -> NodeRef {
        self.views.borrow().me.unwrap()
    }

    /// Writes the owner of the first shard.
    fn assign(&self, node: Option<NodeRef>, token: u128) {
        let owner = Owner { epoch: Epoch(2), token: OwnerToken(Uuid::from_u128(token)) };
        self.store.state().owners[0] = OwnerRow { shard: SHARD, owner, node, seq: None };
    }
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_says_what_the_others_must_know() {
    let mut running = Running::start("- -").await;
    let joined = running.store.state().joined[0].clone();
    assert_eq!((&*joined.host, joined.protocol, Some(joined.node)), ("host", PROTOCOL, running.views.borrow().me));
    running.clock.set_wall(WallTime(99));
    running.node.set_files(FileHashes { license_keys: "ab".into(), access: "cd".into() });
    running.node.set_state(NodeState::Active);
    running.next_view().await;
    let sent = running.store.state().sent.last().unwrap().clone();
    assert_eq!((sent.state, sent.wall, &*sent.files.access), (NodeState::Active, WallTime(99), "cd"));
    running.node.drain();
    running.next_view().await;
    assert_eq!(running.store.state().sent.last().unwrap().state, NodeState::Draining);
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_is_sent_each_second_and_on_request_at_once() {
    let mut running = Running::start("- -").await;
    let began = tokio::time::Instant::now();
    running.next_view().await;
    assert_eq!(began.elapsed(), HEARTBEAT_INTERVAL);
    running.node.request_heartbeat();
    running.next_view().await;
    assert_eq!(began.elapsed(), HEARTBEAT_INTERVAL);
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_is_sent_as_soon_as_a_silent_node_may_be_declared_dead() {
    let mut running = Running::start("- -").await;
    running.store.state().others = snapshot("b", "").nodes;
    running.next_view().await;
    for _ in 0..4 {
        running.clock.advance(Duration::from_secs(1));
        running.next_view().await;
    }
    let began = tokio::time::Instant::now();
    running.clock.advance(Duration::from_millis(500));
    assert_eq!(*running.next_view().await.gone, [node("b")]);
    assert_eq!(began.elapsed(), Duration::from_millis(500));
    running.next_view().await;
    assert_eq!(began.elapsed(), Duration::from_millis(1_500), "a dead node is waited for no more");
}

#[tokio::test(start_paused = true)]
async fn c2_a_node_that_cannot_serve_is_silent_while_there_are_others() {
    let mut running = Running::start("- -").await;
    let stuck = Arc::new(AtomicBool::new(true));
    let is_stuck = Arc::clone(&stuck);
    running.node.ask_before_heartbeats(move || is_stuck.load(Ordering::Relaxed).then(|| "stuck".to_owned()));
    assert_eq!(running.next_view().await.missed, 0, "alone: nobody else could serve");
    running.store.state().others = snapshot("b", "").nodes;
    let heartbeats = running.next_view().await.heartbeats;
    for missed in 1..=3 {
        let view = running.next_view().await;
        assert_eq!((view.heartbeats, view.missed), (heartbeats, missed));
    }
    assert_eq!(running.views.borrow().failure, Some(StoreError("stuck".into())));
    stuck.store(false, Ordering::Relaxed);
    assert_eq!(running.next_view().await.heartbeats, heartbeats + 1);
}

#[tokio::test(start_paused = true)]
async fn a_view_shows_what_was_read() {
    let mut running = Running::start("- legacy").await;
    running.store.state().others = snapshot("b c", "").nodes;
    let mut view = running.next_view().await;
    assert_eq!(view.snapshot.owners, running.store.state().owners);
    assert!(view.gone.is_empty() && view.silent_shards.is_empty() && view.lives(node("b")));
    for _ in 0..46 {
        running.clock.advance(Duration::from_secs(1));
        view = running.next_view().await;
        if view.heartbeats == 7 {
            assert_eq!(*view.gone, [node("b"), node("c")], "silent for 4.5 seconds, and declared dead");
            assert!(!view.lives(node("b")) && view.snapshot.nodes.iter().any(|row| row.node == node("b")));
        }
    }
    assert_eq!(*view.silent_shards, [ShardId(1)]);
    assert_eq!(running.node.figures().declared_dead, 2);
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_extends_the_lease_from_its_sending_and_a_missed_one_does_not() {
    let mut running = Running::start("- -").await;
    let held = running.node.lease(running.me()).unwrap().shard(SHARD);
    held.claimed();
    running.assign(Some(running.me()), 5);
    running.clock.advance(Duration::from_secs(2));
    running.next_view().await;
    running.store.state().failures = u32::MAX;
    running.clock.advance(Duration::from_millis(2_999));
    let view = running.next_view().await;
    assert!(held.holds() && view.missed == 1 && view.failure.is_some());
    assert_eq!((view.heartbeats, view.me), (2, Some(running.me())), "what was read stays");
    running.clock.advance(Duration::from_millis(1));
    assert!(!held.holds());
    assert_eq!(running.node.heartbeat_age(), Some(Duration::from_secs(3)));
    running.store.state().failures = 0;
    let view = running.view(|view| view.missed == 0).await;
    assert!(held.holds() && view.failure.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_shard_with_another_owner_is_lost_and_the_others_are_not() {
    let mut running = Running::start("- -").await;
    let lease = running.node.lease(running.me()).unwrap();
    let (lost, kept) = (lease.shard(SHARD), lease.shard(ShardId(1)));
    lost.claimed();
    kept.claimed();
    running.assign(Some(running.me()), 5);
    let row = running.store.state().owners[0];
    running.store.state().owners[1] = OwnerRow { shard: ShardId(1), ..row };
    running.clock.advance(Duration::from_millis(1));
    running.next_view().await;
    assert!(lost.holds() && kept.holds());
    for (owner, token) in [(Some(node("b")), 6), (None, 6), (Some(running.me()), 0)] {
        running.assign(Some(running.me()), 5);
        let again = lease.shard(SHARD);
        again.claimed();
        running.assign(owner, token);
        running.clock.advance(Duration::from_millis(1));
        running.next_view().await;
        assert!(!again.holds() && again.is_lost(), "{owner:?}");
    }
    assert!(!lost.holds() && kept.holds());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_declared_dead_loses_every_shard_and_joins_anew() {
    let mut running = Running::start("- -").await;
    running.node.set_state(NodeState::Active);
    let former = running.me();
    let held = running.node.lease(former).unwrap().shard(SHARD);
    held.claimed();
    running.assign(Some(former), 5);
    running.next_view().await;
    assert!(held.holds());
    running.store.state().declare_dead(former);
    let view = running.view(|view| view.me != Some(former)).await;
    assert!(held.is_lost() && !held.holds());
    assert!(running.node.lease(former).is_none(), "nothing more is claimed under that id");
    assert!(view.me.is_none() && view.snapshot.owners.is_empty());

    let began = tokio::time::Instant::now();
    let view = running.view(|view| view.me.is_some()).await;
    assert_eq!(began.elapsed(), Duration::ZERO, "at once");
    assert_ne!(view.me, Some(former));
    assert!(!held.holds());
    assert_eq!(running.node.figures().rejoined, 1);
    running.next_view().await;
    assert_eq!(running.store.state().sent.last().unwrap().state, NodeState::Active, "it is still what it was");
}

#[tokio::test(start_paused = true)]
async fn a_node_learns_that_it_is_dead_from_the_next_answer_if_one_is_lost() {
    let mut running = Running::start("- -").await;
    let former = running.me();
    running.store.state().declare_dead(former);
    running.store.state().lost_answers = 1;
    let view = running.next_view().await;
    assert_eq!((view.missed, view.me), (1, Some(former)), "it does not know");
    running.view(|view| view.me.is_none()).await;
    assert_eq!(running.node.figures().rejoined, 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_never_answered_is_reported_after_three_attempts() {
    let running = Running::begin("- -");
    running.store.state().failures = 2;
    assert_eq!(running.node.first_view().await.unwrap().missed, 0);

    let failing = Running::begin("- -");
    failing.store.state().failures = 3;
    assert!(failing.node.first_view().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_has_no_lease_and_its_row_is_removed() {
    let mut running = Running::start("- -").await;
    let (me, lease) = (running.me(), running.node.lease(running.me()).unwrap());
    let held = lease.shard(SHARD);
    held.claimed();
    running.assign(Some(me), 5);
    running.next_view().await;
    assert!(held.holds());
    running.node.stop(Duration::from_secs(1)).await;
    assert!(!held.holds() && !held.is_lost());
    assert_eq!(running.store.state().left, [me]);
}
