//! A node in a test of the journal: a process that shares its store with others, and claims shards when the test says so.

use std::sync::Arc;

use tokio::task::JoinHandle;
use usher::clock::Clock;
use usher::cluster::Lease;
use usher::ids::{Epoch, NodeId, OwnerToken, UserId};
use usher::journal::{Journal, JournalError, ShardState, StartError};
use usher::ledger::command::{GetUsage, GrantSeats};
use usher::ledger::outcome::{CheckedOut, Done, Granted};
use usher::store::Owner;
use usher::store::nodes::NodeRef;

use super::{NOON, Process, SHARD, actor, config, pool, tenant};
use crate::support::memory::{Fault, Memory, installation};

/// Enough users for many batches of one command.
pub const MANY: usize = 2_000;

pub struct Peer {
    pub process: Process,
    pub store: Memory,
    pub lease: Arc<Lease>,
    pub me: NodeRef,
}

impl Peer {
    pub fn new(store: &Memory) -> Self {
        let (clock, manual) = Clock::manual(NOON);
        let journal = Journal::empty(Arc::new(store.clone()), clock.clone(), installation(1), config());
        let process = Process { journal: Arc::new(journal), clock: manual };
        let (lease, me) = (Lease::exclusive(clock), NodeRef { id: NodeId::random(), generation: 1 });
        Self { process, store: store.clone(), lease, me }
    }

    /// Claims the shard over its owner, whoever that is.
    pub async fn open(&self) -> Result<Owner, StartError> {
        self.open_over(self.owner()).await
    }

    pub async fn open_over(&self, over: Owner) -> Result<Owner, StartError> {
        self.process.journal.open(SHARD, over, self.me, self.lease.shard(SHARD), None).await
    }

    /// The owner, as the store has it.
    pub fn owner(&self) -> Owner {
        let disk = self.store.disk.lock().unwrap();
        Owner { epoch: Epoch(disk.epoch), token: OwnerToken(disk.token) }
    }

    pub async fn release(&self) -> Option<Owner> {
        self.process.journal.release(SHARD, None).await
    }

    /// Signs a user in, as a task.
    pub fn check_out(&self, name: &'static str) -> JoinHandle<Result<CheckedOut, JournalError>> {
        let process = Process { journal: Arc::clone(&self.process.journal), clock: Arc::clone(&self.process.clock) };
        tokio::spawn(async move { process.check_out(name).await })
    }

    pub fn release_now(&self) -> JoinHandle<Option<Owner>> {
        let journal = Arc::clone(&self.process.journal);
        tokio::spawn(async move { journal.release(SHARD, None).await })
    }

    /// Gives many users seats, as a task: a command of many steps.
    pub fn grant_many(&self) -> JoinHandle<Result<Vec<Done<Granted>>, JournalError>> {
        let journal = Arc::clone(&self.process.journal);
        let users = (0..MANY).map(|no| UserId::stored(&format!("user{no:05}"))).collect();
        let grant = GrantSeats { pools: vec![pool()], users, organizations: Vec::new() };
        tokio::spawn(async move { journal.submit(&actor(), &tenant(), grant).await })
    }

    pub fn state(&self) -> ShardState {
        *self.process.journal.states()[0].borrow()
    }

    pub async fn granted(&self) -> u64 {
        let usage = self.process.journal.query(&tenant(), GetUsage).await.unwrap().unwrap();
        usage.pools[0].granted
    }
}

/// Lets tasks run, and no time pass.
pub async fn let_it_run() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

pub async fn two_peers(store: &Memory, seats: u64) -> (Peer, Peer) {
    let (mut first, second) = (Peer::new(store), Peer::new(&store.other()));
    first.open().await.unwrap();
    first.process = first.process.pool(seats).await;
    (first, second)
}

/// Signs ann and bob in while the store stalls: the batch of ann is on its way, and bob waits for the next one.
pub async fn in_flight_and_queued(store: &Memory, peer: &Peer) -> [JoinHandle<Result<CheckedOut, JournalError>>; 2] {
    store.fail_next(Fault::Stall);
    let in_flight = peer.check_out("ann");
    store.has_stalled().await;
    let queued = peer.check_out("bob");
    let_it_run().await;
    [in_flight, queued]
}
