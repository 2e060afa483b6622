//! One process: the real journal on a runtime of its own, with the simulation's time. It dies with its runtime, at once
//! and with everything in memory; while it is frozen, its runtime is not run.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::{JoinHandle, yield_now};
use usher::clock::{Clock, ManualClock};
use usher::cluster::{LockFile, Node};
use usher::ids::ShardId;
use usher::journal::{Journal, JournalConfig, ShardState, StartError};
use usher::ledger::continuity::Boot;
use usher::ledger::time::WallTime;
use usher::ledger::{Config, Seed};

use super::link::Link;
use super::test_data::{DEMO_SEATS, SHARDS};
use crate::support::member::description;
use crate::support::memory::installation;

/// A standstill, until this simulation time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Still {
    /// The process does not run.
    Frozen(u64),
    /// The machine does not run: its monotonic clock stands still.
    Suspended(u64),
}

pub struct Process {
    pub no: usize,
    runtime: Runtime,
    pub link: Link,
    node: Arc<Node>,
    clock: Clock,
    manual: Arc<ManualClock>,
    /// Time that has passed for the machine, and not yet for the runtime's timers.
    behind: Duration,
    starting: Option<JoinHandle<Result<Journal, StartError>>>,
    stopping: Option<JoinHandle<()>>,
    pub journal: Option<Arc<Journal>>,
    states: Vec<watch::Receiver<ShardState>>,
    pub still: Option<Still>,
    /// Monotonic milliseconds at the last load of each shard.
    pub loaded: Vec<u64>,
    /// Commits that the store refused: their calls may fail.
    pub refused: usize,
    /// Time after which the process ends, because it has lost a shard.
    pub lost_at: Option<u64>,
}

/// The end of a start or a stop.
pub enum Came {
    Up,
    Failed(StartError),
    Down,
}

impl Process {
    pub fn start(no: usize, wall: WallTime, machine: Option<Boot>, seed: u64) -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        let (clock, manual) = Clock::manual(wall);
        manual.set_machine(machine);
        let link = Link::default();
        let config = JournalConfig {
            ledger: Config {
                demo_seats: DEMO_SEATS,
                channels: Default::default(),
                seed: Seed(seed),
                rates: Default::default(),
            },
            queue: 16,
            batch: 5,
        };
        let node = Node::new(Arc::new(link.clone()), clock.clone(), SHARDS, description("host"));
        runtime.spawn(Arc::clone(&node).run(LockFile::none()));
        let starting = runtime.spawn({
            let (store, clock) = (Arc::new(link.clone()), clock.clone());
            async move { Journal::start(store, clock, installation(SHARDS), config).await }
        });
        Self {
            no,
            runtime,
            link,
            node,
            clock,
            manual,
            behind: Duration::ZERO,
            starting: Some(starting),
            stopping: None,
            journal: None,
            states: Vec::new(),
            still: None,
            loaded: vec![0; usize::from(SHARDS)],
            refused: 0,
            lost_at: None,
        }
    }

    pub fn stop(&mut self) {
        let Some(journal) = self.journal.clone() else { return };
        if self.stopping.is_none() {
            let node = Arc::clone(&self.node);
            node.drain();
            self.stopping = Some(self.runtime.spawn(async move {
                journal.stop().await;
                node.stop(Duration::from_secs(1)).await;
            }));
        }
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

    /// The monotonic clock of the process, in milliseconds.
    pub fn millis(&self) -> u64 {
        u64::try_from(self.clock.monotonic().as_millis()).expect("a short time")
    }

    pub fn is_still(&self) -> bool {
        self.still.is_some()
    }

    /// Notes that the process loads a shard.
    pub fn loads(&mut self, shard: ShardId) {
        self.loaded[usize::from(shard.0)] = self.millis();
    }

    pub fn lost(&self, shard: ShardId) -> bool {
        self.states.get(usize::from(shard.0)).is_some_and(|state| *state.borrow() == ShardState::Elsewhere)
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
                Ok(journal) => {
                    self.states = journal.states();
                    self.journal = Some(Arc::new(journal));
                    Came::Up
                }
                Err(error) => Came::Failed(error),
            });
        }
        let stopped = self.stopping.take_if(|stopping| stopping.is_finished());
        stopped.map(|_| Came::Down)
    }

    pub fn is_stopping(&self) -> bool {
        self.stopping.is_some()
    }

    pub fn has_lost(&self) -> bool {
        self.states.iter().any(|state| *state.borrow() == ShardState::Elsewhere)
    }

    /// Returns whether it serves every shard, as far as it knows.
    pub fn is_serving(&self) -> bool {
        let serving = || self.states.iter().all(|state| *state.borrow() == ShardState::Serving);
        self.journal.is_some() && !self.is_stopping() && serving()
    }
}
