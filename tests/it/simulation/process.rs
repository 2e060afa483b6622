//! One process: a node as it is in production, on a runtime of its own, with the simulation's time. It dies with its
//! runtime, at once and with everything in memory; while it is frozen, its runtime is not run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::timeout;
use usher::auth::Tokens;
use usher::auth::token::Token;
use usher::clock::{Clock, ManualClock};
use usher::cluster::{LockFile, Node, Owners, OwnershipFigures};
use usher::ids::ShardId;
use usher::journal::{Journal, JournalConfig, ShardState, StartError};
use usher::ledger::continuity::Boot;
use usher::ledger::time::WallTime;
use usher::ledger::{Config, Seed};
use usher::ownership::{Locator, MAX_MESSAGES, Ownership};
use usher::peers::PeerMessage;
use usher::shards::LocalShards;
use usher::store::nodes::NodeState;

use super::link::Link;
use super::network::Post;
use super::node_call::{CallLog, Front, Open, Response, Visit};
use super::test_data::{DEMO_SEATS, SHARDS};
use super::token_index;
use crate::support::member::description;
use crate::support::memory::installation;

/// Longest time of each part of a stop in order: the shards leave, then the calls end.
const DRAIN: Duration = Duration::from_secs(12);

/// A standstill, until this simulation time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Still {
    /// The process does not run.
    Frozen(u64),
    /// The machine does not run: its monotonic clock stands still.
    Suspended(u64),
}

/// Where a process runs, and what it gets from there.
pub struct Place {
    /// Number of its host; a host has one process at a time.
    pub host: usize,
    pub wall: WallTime,
    pub machine: Option<Boot>,
}

pub struct Process {
    pub no: usize,
    pub host: usize,
    runtime: Runtime,
    pub link: Link,
    pub post: Post,
    front: Arc<Front>,
    messages: mpsc::Sender<PeerMessage>,
    clock: Clock,
    /// Monotonic time at its start.
    started: Duration,
    manual: Arc<ManualClock>,
    /// Time that has passed for the machine, and not yet for the runtime's timers.
    behind: Duration,
    starting: Option<JoinHandle<Result<(), StartError>>>,
    stopping: Option<JoinHandle<()>>,
    /// It takes calls of clients.
    listening: Arc<AtomicBool>,
    states: Vec<watch::Receiver<ShardState>>,
    /// The shards that it held when it was last looked at, and the number of those that it had lost by then.
    held: Vec<bool>,
    losses: u64,
    pub still: Option<Still>,
    /// Monotonic milliseconds at the last load of each shard.
    pub loaded: Vec<u64>,
    /// Commits that the store refused: their calls may fail.
    pub refused: usize,
}

/// The end of a start or a stop.
pub enum Came {
    Up,
    Failed(StartError),
    Down,
}

impl Process {
    pub fn start(no: usize, place: Place, seed: u64, call_log: CallLog) -> Self {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .event_interval(10_000)
            .build()
            .expect("a runtime");
        let (clock, manual) = Clock::manual(place.wall);
        manual.set_machine(place.machine);
        let (link, post) = (Link::default(), Post::default());
        let ledger = Config {
            demo_seats: DEMO_SEATS,
            channels: Default::default(),
            seed: Seed(seed),
            rates: Default::default(),
        };
        let config = JournalConfig { ledger, queue: 16, batch: 5 };
        let host = description(&format!("host-{}", place.host));
        let node = Node::new(Arc::new(link.clone()), clock.clone(), SHARDS, host);
        runtime.spawn(Arc::clone(&node).run(LockFile::none()));
        let journal = Arc::new(Journal::empty(Arc::new(link.clone()), clock.clone(), installation(SHARDS), config));
        let (owners, figures) = (Arc::new(Owners::new(SHARDS)), Arc::<OwnershipFigures>::default());
        let outbox = Arc::new(post.clone());
        let ownership = Ownership::new(
            Arc::clone(&journal),
            Arc::clone(&node),
            Arc::clone(&owners),
            figures,
            clock.clone(),
            outbox,
            false,
        );
        let (messages, heard) = mpsc::channel(MAX_MESSAGES);
        runtime.spawn(Arc::clone(&ownership).run(heard, Box::new(|_| {})));
        let listening = Arc::new(AtomicBool::new(false));
        let starting = runtime.spawn(start(Arc::clone(&ownership), Arc::clone(&node), Arc::clone(&listening)));
        let local = LocalShards::new(Arc::clone(&journal), Arc::new(Tokens::shared(clock.clone())));
        let (states, locator) = (journal.states(), Locator::new(Arc::clone(&ownership)));
        let front = Front {
            no,
            journal,
            node,
            owners,
            ownership,
            locator,
            local,
            post: post.clone(),
            call_log,
            open: watch::Sender::new(0),
        };
        let front = Arc::new(front);
        runtime.spawn(token_index::follow(Arc::clone(&front)));
        Self {
            no,
            host: place.host,
            runtime,
            link,
            post,
            front,
            messages,
            started: clock.monotonic(),
            clock,
            manual,
            behind: Duration::ZERO,
            starting: Some(starting),
            stopping: None,
            listening,
            states,
            held: vec![false; usize::from(SHARDS)],
            losses: 0,
            still: None,
            loaded: vec![0; usize::from(SHARDS)],
            refused: 0,
        }
    }

    pub fn journal(&self) -> &Journal {
        &self.front.journal
    }

    /// Returns whether a call with this token is let in.
    pub fn lets_in(&self, token: &Token) -> bool {
        self.front.local.tokens().find(token, self.clock.wall()).is_ok()
    }

    /// Stops it in order; a start is broken off.
    pub fn stop(&mut self) {
        if self.stopping.is_some() {
            return;
        }
        let front = Arc::clone(&self.front);
        self.stopping = Some(match self.starting.take() {
            Some(starting) => {
                starting.abort();
                self.runtime.spawn(async move { front.node.stop(Duration::from_secs(1)).await })
            }
            None => self.runtime.spawn(stop(front, Arc::clone(&self.listening))),
        });
    }

    /// Takes a call of a client.
    pub fn call(&self, visit: Visit) -> JoinHandle<Response> {
        let open = Open::new(&self.front);
        let front = Arc::clone(&self.front);
        self.runtime.spawn(async move {
            let response = front.answer(visit).await;
            drop(open);
            response
        })
    }

    /// Takes a call that a peer forwards.
    pub fn forwarded(&self, visit: Visit) -> JoinHandle<Response> {
        self.runtime.spawn(Arc::clone(&self.front).answer(visit))
    }

    /// Takes a message of a peer.
    pub fn hear(&self, message: PeerMessage) {
        let _ = self.messages.try_send(message);
    }

    /// Lets time pass on the machine. A frozen process notices it when it wakes.
    pub fn pass(&mut self, time: Duration) {
        if matches!(self.still, Some(Still::Suspended(_))) {
            return self.manual.suspend(time);
        }
        self.manual.advance(time);
        self.behind += time;
    }

    /// Moves the process to a machine of its own, because it is suspended alone: its monotonic clock is behind the
    /// others' from now on, and cannot be compared with them.
    pub fn leave_machine(&self) {
        self.manual.set_machine(Some(Boot { id: 1_000_000 + self.no as u128, at: 5_000_000 }));
    }

    pub fn set_wall(&self, by_ms: i64) {
        self.manual.set_wall(WallTime(self.clock.wall().0 + by_ms));
    }

    /// Sets the wall clock right.
    pub fn right_wall(&self, wall: WallTime) {
        self.manual.set_wall(wall);
    }

    /// The monotonic clock of the process, in milliseconds.
    pub fn millis(&self) -> u64 {
        u64::try_from(self.clock.monotonic().as_millis()).expect("a short time")
    }

    /// Milliseconds since its start.
    pub fn age(&self) -> u64 {
        u64::try_from((self.clock.monotonic() - self.started).as_millis()).expect("a short time")
    }

    pub fn is_still(&self) -> bool {
        self.still.is_some()
    }

    /// Notes that the process loads a shard.
    pub fn loads(&mut self, shard: ShardId) {
        self.loaded[usize::from(shard.0)] = self.millis();
    }

    /// The shards that left the process since the last look, and how many of them it has lost.
    pub fn look(&mut self) -> Option<(Vec<ShardId>, u64)> {
        let now: Vec<bool> = self.states.iter().map(|state| state.borrow().is_held()).collect();
        let losses = *self.front.journal.losses().borrow();
        if now == self.held && losses == self.losses {
            return None;
        }
        let left = (0..).map(ShardId).zip(self.held.iter().zip(&now));
        let left = left.filter(|(_, (before, now))| **before && !**now).map(|(shard, _)| shard).collect();
        let lost = losses - self.losses;
        (self.held, self.losses) = (now, losses);
        Some((left, lost))
    }

    /// Runs every task that is ready.
    pub fn run(&mut self) {
        if self.is_still() {
            return;
        }
        let behind = std::mem::take(&mut self.behind);
        self.runtime.block_on(async {
            if behind > Duration::ZERO {
                tokio::time::advance(behind).await;
            }
            yield_now().await;
        });
    }

    /// The result of a start or a stop that has ended.
    pub fn came(&mut self) -> Option<Came> {
        if let Some(starting) = self.starting.take_if(|starting| starting.is_finished()) {
            return Some(match self.runtime.block_on(starting).expect("a start does not panic") {
                Ok(()) => Came::Up,
                Err(error) => Came::Failed(error),
            });
        }
        let stopped = self.stopping.take_if(|stopping| stopping.is_finished());
        stopped.map(|_| Came::Down)
    }

    pub fn is_stopping(&self) -> bool {
        self.stopping.is_some()
    }

    /// Returns whether it takes calls of clients.
    pub fn listens(&self) -> bool {
        self.listening.load(Relaxed)
    }

    /// Returns whether it has started, and does not stop.
    pub fn is_up(&self) -> bool {
        self.listens() && !self.is_stopping()
    }
}

/// The start of a node, in the order of production.
async fn start(ownership: Arc<Ownership>, node: Arc<Node>, listening: Arc<AtomicBool>) -> Result<(), StartError> {
    ownership.settled().await?;
    node.set_state(NodeState::Active);
    listening.store(true, Relaxed);
    Ok(())
}

/// The stop of a node, in the order of production.
async fn stop(front: Arc<Front>, listening: Arc<AtomicBool>) {
    front.ownership.drain(DRAIN).await;
    listening.store(false, Relaxed);
    let _ = timeout(DRAIN, front.open.subscribe().wait_for(|open| *open == 0)).await;
    front.journal.stop().await;
    front.ownership.stop();
    front.node.stop(Duration::from_secs(1)).await;
}
