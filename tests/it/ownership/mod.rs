//! The shards of several nodes, and the calls for them (C1, C7, C8): real journals and nodes over a store in memory with
//! one shard. What nodes tell each other is kept, until a test delivers it.

mod draining;
mod hearing;
mod locating;
mod lost_store;
mod settling;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use usher::clock::Clock;
use usher::cluster::{KnownOwner, LockFile, Node, Owners, OwnershipFigures};
use usher::ids::{Epoch, NodeId, ShardId};
use usher::journal::{Journal, JournalConfig};
use usher::ledger::time::WallTime;
use usher::ledger::{Config, Seed};
use usher::ownership::{Locator, Outbox, Ownership};
use usher::peers::PeerMessage;
use usher::store::nodes::{NodeRef, NodeState};

use crate::support::member::description;
use crate::support::memory::{Memory, installation};

/// The only shard of the store in memory.
const SHARD: ShardId = ShardId(0);
/// Nothing takes this long.
const TIMEOUT: Duration = Duration::from_secs(300);

/// What a node has sent to others.
#[derive(Default)]
struct Sent(Mutex<Vec<(Option<NodeId>, PeerMessage)>>);

impl Outbox for Sent {
    fn tell(&self, to: NodeId, message: PeerMessage) {
        self.0.lock().unwrap().push((Some(to), message));
    }

    fn tell_all(&self, message: PeerMessage) {
        self.0.lock().unwrap().push((None, message));
    }
}

/// A store, and the time of all nodes on it, which goes on with the time of the test.
struct World {
    store: Memory,
    clock: Clock,
}

impl World {
    fn new() -> Self {
        const STEP: Duration = Duration::from_millis(10);
        let (clock, manual) = Clock::manual(WallTime(1_800_000_000_000));
        tokio::spawn(async move {
            let mut steps = tokio::time::interval(STEP);
            loop {
                steps.tick().await;
                manual.advance(STEP);
            }
        });
        Self { store: Memory::default(), clock }
    }

    /// Starts a node. It does not own the shard yet.
    fn begin(&self, host: &str) -> Member {
        self.begin_with(host, false)
    }

    fn begin_with(&self, host: &str, solo: bool) -> Member {
        let (store, clock, sent) = (self.store.other(), self.clock.clone(), Arc::<Sent>::default());
        let node = Node::new(Arc::new(store.clone()), clock.clone(), 1, description(host));
        tokio::spawn(Arc::clone(&node).run(LockFile::none()));
        let config = JournalConfig {
            ledger: Config { demo_seats: 2, channels: Default::default(), seed: Seed(1), rates: Default::default() },
            queue: 8,
            batch: 4,
        };
        let journal = Journal::empty(Arc::new(store.clone()), clock.clone(), installation(1), config);
        let (journal, owners, figures) = (Arc::new(journal), Arc::new(Owners::new(1)), Arc::default());
        let ownership = Ownership::new(
            Arc::clone(&journal),
            Arc::clone(&node),
            Arc::clone(&owners),
            Arc::clone(&figures),
            clock,
            sent.clone(),
            solo,
        );
        let (messages, heard) = mpsc::channel(16);
        tokio::spawn(Arc::clone(&ownership).run(heard, Box::new(|_| {})));
        let locator = Arc::new(Locator::new(Arc::clone(&ownership)));
        Member { store, node, journal, ownership, owners, figures, locator, messages, sent }
    }

    /// Starts a node that takes its share.
    async fn start(&self, host: &str) -> Member {
        let member = self.begin(host);
        member.ownership.settled().await.unwrap();
        member.node.set_state(NodeState::Active);
        member
    }

    /// Starts an owner of the shard, and other nodes, each of which knows all others.
    async fn group<const OTHERS: usize>(&self) -> (Member, [Member; OTHERS]) {
        let owner = self.start("owner").await;
        let mut others = Vec::new();
        for at in 0..OTHERS {
            others.push(self.start(&format!("other{at}")).await);
        }
        let active = |row: &&usher::store::nodes::NodeRow| row.state == NodeState::Active;
        for member in others.iter().chain([&owner]) {
            let mut views = member.node.views();
            let all = views.wait_for(|view| view.living().filter(active).count() == OTHERS + 1);
            timeout(TIMEOUT, all).await.expect("all are there").unwrap();
        }
        (owner, others.try_into().ok().expect("so many"))
    }

    fn epoch(&self) -> Epoch {
        Epoch(self.store.disk.lock().unwrap().epoch)
    }
}

struct Member {
    store: Memory,
    node: Arc<Node>,
    journal: Arc<Journal>,
    ownership: Arc<Ownership>,
    owners: Arc<Owners>,
    figures: Arc<OwnershipFigures>,
    locator: Arc<Locator>,
    messages: mpsc::Sender<PeerMessage>,
    sent: Arc<Sent>,
}

impl Member {
    fn me(&self) -> NodeRef {
        self.node.views().borrow().me.expect("it has joined")
    }

    fn known(&self) -> KnownOwner {
        self.owners.of(SHARD)
    }

    /// Waits until it serves the shard.
    async fn has_it(&self) {
        let mut state = self.journal.states().remove(0);
        let serves = state.wait_for(|_| self.journal.holds(SHARD));
        timeout(TIMEOUT, serves).await.expect("it gets the shard").unwrap();
    }

    /// Waits until something holds, which may change with each heartbeat.
    async fn until(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let mut views = self.node.views();
        let waiting = async {
            loop {
                let_it_run().await;
                if holds(self) {
                    return;
                }
                views.changed().await.unwrap();
            }
        };
        timeout(TIMEOUT, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
    }

    /// What it has sent since the last time, and to whom (`None`: all).
    fn take_sent(&self) -> Vec<(Option<NodeId>, PeerMessage)> {
        std::mem::take(&mut *self.sent.0.lock().unwrap())
    }
}

/// Lets tasks run, and no time pass.
async fn let_it_run() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// So many seconds from now.
fn in_seconds(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}
