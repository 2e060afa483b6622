//! Nodes hand a shard over: its successor loads it ahead while its owner serves, and what comes of that decides nothing
//! (C7).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::mpsc;
use usher::clock::Clock;
use usher::cluster::{LockFile, Node, Owners, OwnershipFigures};
use usher::ids::{NodeId, SessionId, ShardId};
use usher::journal::{Journal, ShardState};
use usher::ledger::outcome::HeartbeatResult;
use usher::ownership::{Followed, Outbox, Ownership, PeerLink};
use usher::peers::{HandOvers, PeerMessage};
use usher::store::batch_codec;
use usher::store::nodes::NodeState;

use super::{NOON, Process, SHARD, config, session_of};
use crate::support::member::description;
use crate::support::memory::{Memory, installation};

/// What becomes of the request to load a shard ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    /// Nobody answers.
    Silent,
    /// The owner's batches break off at once.
    Breaks,
}

/// The nodes of a test, by their ids.
#[derive(Default)]
struct Network(Mutex<Vec<Arc<Member>>>);

struct Member {
    process: Process,
    store: Memory,
    node: Arc<Node>,
    ownership: Arc<Ownership>,
    messages: mpsc::Sender<PeerMessage>,
}

impl Network {
    fn find(&self, id: NodeId) -> Option<Arc<Member>> {
        self.0.lock().unwrap().iter().find(|member| member.id() == Some(id)).cloned()
    }
}

impl Member {
    fn id(&self) -> Option<NodeId> {
        self.node.views().borrow().me.map(|me| me.id)
    }

    async fn serves(&self) {
        let mut state = self.process.journal.states().remove(0);
        state.wait_for(|state| *state == ShardState::Serving).await.expect("a state");
    }

    async fn keeps(&self, session: SessionId) -> bool {
        matches!(self.process.heartbeat(session).await, Ok(HeartbeatResult::Kept(_)))
    }
}

/// A node's way to the others.
struct Link {
    network: Arc<Network>,
    way: Way,
    node: Arc<Node>,
    counts: Arc<Counts>,
}

/// What nodes asked each other for.
#[derive(Default)]
struct Counts {
    /// Loads ahead that were ready in time.
    prepared: AtomicUsize,
    /// Loads ahead that are there now.
    following: AtomicUsize,
}

impl Outbox for Link {
    fn tell(&self, to: NodeId, message: PeerMessage) {
        if let Some(member) = self.network.find(to) {
            let _ = member.messages.try_send(message);
        }
    }

    fn tell_all(&self, message: PeerMessage) {
        for member in self.network.0.lock().unwrap().iter() {
            let _ = member.messages.try_send(message);
        }
    }

    fn link(&self) -> Option<&dyn PeerLink> {
        Some(self)
    }
}

impl PeerLink for Link {
    fn prepare(&self, to: NodeId, shard: ShardId) -> BoxFuture<'_, bool> {
        async move {
            if self.way == Way::Silent {
                return std::future::pending().await;
            }
            let (me, to) = (self.node.views().borrow().me.unwrap().id, self.network.find(to).unwrap());
            let ready = to.ownership.prepare(me, shard).await;
            self.counts.prepared.fetch_add(usize::from(ready), Ordering::Relaxed);
            // From here on it has the rows, or it has none.
            to.store.loads(self.way != Way::Open);
            ready
        }
        .boxed()
    }

    fn follow(&self, owner: NodeId, shard: ShardId) -> BoxFuture<'_, Option<Followed>> {
        async move {
            let mut shard = self.network.find(owner)?.ownership.batches(shard)?;
            let (sender, batches) = mpsc::channel(100);
            let breaks = self.way == Way::Breaks;
            let counts = Arc::clone(&self.counts);
            counts.following.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                let pass_on = async {
                    while let Some(batch) = shard.batches.next().await.filter(|_| !breaks) {
                        sender.send(batch_codec::decode(&batch).unwrap()).await.unwrap();
                    }
                };
                tokio::select! {
                    () = pass_on => {}
                    () = sender.closed() => {}
                }
                counts.following.fetch_sub(1, Ordering::Relaxed);
            });
            Some(Followed { since: shard.since, batches })
        }
        .boxed()
    }
}

async fn start(network: &Arc<Network>, store: &Memory, host: &str, way: Way) -> (Arc<Member>, Arc<Counts>) {
    let (clock, manual) = Clock::manual(NOON);
    let node = Node::new(Arc::new(store.clone()), clock.clone(), 1, description(host));
    tokio::spawn(Arc::clone(&node).run(LockFile::none()));
    let journal = Arc::new(Journal::empty(Arc::new(store.clone()), clock.clone(), installation(1), config()));
    let counts = Arc::<Counts>::default();
    let link = Link { network: Arc::clone(network), way, node: Arc::clone(&node), counts: Arc::clone(&counts) };
    let (owners, figures) = (Arc::new(Owners::new(1)), Arc::<OwnershipFigures>::default());
    let ownership =
        Ownership::new(Arc::clone(&journal), Arc::clone(&node), owners, figures, clock, Arc::new(link), false);
    let (messages, heard) = mpsc::channel(100);
    tokio::spawn(Arc::clone(&ownership).run(heard, Box::new(|_| {})));
    let process = Process { journal, clock: manual };
    let member = Arc::new(Member { process, store: store.clone(), node, ownership, messages });
    network.0.lock().unwrap().push(Arc::clone(&member));
    member.ownership.settled().await.unwrap();
    member.node.set_state(NodeState::Active);
    (member, counts)
}

/// One node has the shard, with a session, and hands it over to the other one.
async fn hand_over(way: Way) -> usize {
    let (network, store) = (Arc::<Network>::default(), Memory::default());
    let (first, counts) = start(&network, &store, "one", way).await;
    first.serves().await;
    let Member { process: Process { journal, clock }, .. } = &*first;
    let process = Process { journal: Arc::clone(journal), clock: Arc::clone(clock) }.pool(9).await;
    let session = session_of(&process.check_out("ann").await.unwrap());
    let (second, _) = start(&network, &store.other(), "two", way).await;
    let mut views = first.node.views();
    let others = |view: &usher::cluster::View| view.living().filter(|row| row.state == NodeState::Active).count();
    views.wait_for(|view| others(view) == 2).await.unwrap();
    first.ownership.drain(Duration::from_secs(8)).await;
    assert!(!first.process.journal.holds(SHARD));
    second.serves().await;
    assert!(second.keeps(session).await, "{way:?}");
    counts.prepared.load(Ordering::Relaxed)
}

#[tokio::test(start_paused = true)]
async fn the_successor_has_the_shard_before_its_owner_leaves() {
    assert_eq!(hand_over(Way::Open).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_successor_that_does_not_answer_gets_the_shard_all_the_same() {
    let began = tokio::time::Instant::now();
    assert_eq!(hand_over(Way::Silent).await, 0);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_cannot_be_followed_is_loaded_as_any_other() {
    hand_over(Way::Breaks).await;
}

/// What was loaded ahead does not stay for an owner that keeps its shard.
#[tokio::test(start_paused = true)]
async fn what_is_not_released_is_dropped_after_a_while() {
    let (network, store) = (Arc::<Network>::default(), Memory::default());
    let (first, _) = start(&network, &store, "one", Way::Open).await;
    first.serves().await;
    let (second, counts) = start(&network, &store.other(), "two", Way::Open).await;
    assert!(second.ownership.prepare(first.id().unwrap(), SHARD).await);
    assert!(!first.ownership.prepare(second.id().unwrap(), SHARD).await, "it has the shard itself");
    for (passed, following) in [(19, 1), (2, 0)] {
        second.process.clock.advance(Duration::from_secs(passed));
        let mut views = second.node.views();
        for _ in 0..2 {
            views.changed().await.unwrap();
        }
        // The end of the load ends what it follows.
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        assert_eq!(counts.following.load(Ordering::Relaxed), following, "{passed} s later");
    }
}
