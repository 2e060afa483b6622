//! The journal: puts the commands and queries of a shard in order, has the ledger decide them, makes the changes
//! durable, and only then answers.
//!
//! There is one writer task per shard. It applies all waiting commands with one timestamp and commits their changes as
//! one transaction. While one batch is being committed, the writer builds the next one. No caller sees a change before
//! its batch is durable.

mod admin_log;
mod audit;
mod backlog;
mod batch;
mod in_flight;
mod message;
mod recent_events;
mod recovery;
mod reply;
mod run_queue;
mod session_watch;
mod start;
mod stats;
mod status;
mod stuck_writers;
mod timeline;
mod watch_event;
mod writer;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

pub use audit::AuditFilter;
pub use session_watch::SessionWatch;
pub use stats::Stats;
pub use watch_event::WatchEvent;

use crate::clock::Clock;
use crate::cluster::ShardLease;
use crate::ids::{EventNo, InstanceId, OwnerToken, ShardId, TenantId, TenantNo};
use crate::ledger::change::Actor;
use crate::ledger::command::{Command, Operation, Outcome, Query, QueryResult, Reply, Request};
use crate::ledger::time::WallTime;
use crate::ledger::{PoolUsageEntry, Totals};
use crate::opaque_id::{OpaqueIds, Purpose};
pub use crate::store::AuditPage;
use crate::store::{Store, StoreError};

use message::Message;
use reply::ReplyChannel;
use session_watch::Ring;

/// Time that every loaded session gets on top of its full lease (I5): clients may need a while to find the new owner.
pub const LOAD_GRACE_PERIOD: Duration = Duration::from_secs(60);
/// An owner that has nothing to commit sends an empty batch this often. The batch checks the fence and keeps the
/// high-water mark of wall time fresh (R31).
pub const EMPTY_BATCH_INTERVAL: Duration = Duration::from_secs(10);
/// A commit that takes longer than this means that the store is away. Requests that need the store are then refused at
/// once.
pub const COMMIT_STALL_TIMEOUT: Duration = Duration::from_secs(2);

/// Settings of a journal. They do not change while it runs.
#[derive(Debug, Clone, Copy)]
pub struct JournalConfig {
    pub ledger: crate::ledger::Config,
    /// Commands and queries that may wait per shard; beyond this, [`JournalError::Overloaded`].
    pub queue: usize,
    /// Maximum number of commands in a batch.
    pub batch: usize,
}

/// Reason why a command or query has no answer. Nothing was decided, or the outcome is not known. The caller may try
/// again: commands are safe to repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    #[error("the queue is full")]
    Overloaded,
    #[error("the store does not answer")]
    StoreAway,
    /// The store refuses all changes at present. The journal keeps this change, and writes it if the store accepts
    /// changes again.
    #[error("the store does not accept changes")]
    NotWritten,
    #[error("another process owns this shard")]
    NotOwner,
    /// This process does not hold the shard. Nothing was decided; the owner can be sent the same.
    #[error("this process does not hold shard {0}")]
    NotApplied(ShardId),
    /// The store has not confirmed for three seconds that this process owns the shard: another process may own it by
    /// now.
    #[error("this process does not know whether it still owns the shard")]
    NoLease,
    #[error("the service is stopping")]
    Stopping,
    /// A bug: a panic during a decision, or rows that the store refused. Nothing was changed, except that a command of
    /// several steps keeps those steps that were durable.
    #[error("an internal error")]
    Failed,
}

/// Reason why audit events could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("no such tenant")]
    NoSuchTenant,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reason why a journal did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("shard {0} was claimed by another process while this one started")]
    Taken(ShardId),
    /// The rows in the store contradict each other or have impossible values.
    #[error("shard {0}: {1}")]
    Damaged(ShardId, StoreError),
}

/// State of a shard. Only `Serving` is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardState {
    Serving,
    /// A commit is overdue. Heartbeats, `check_only` and reads of durable state go on.
    StoreAway,
    /// The store refuses all changes and says so; the writer keeps trying. Answers from memory go on: heartbeats,
    /// `check_only`, denials.
    StoreRefuses,
    /// Another process owns the shard. Final.
    Lost,
    /// The rows in the store contradict each other or have impossible values. Final.
    Damaged,
    Stopped,
}

struct Shard {
    queue: mpsc::Sender<Message>,
    lease: ShardLease,
    state: watch::Receiver<ShardState>,
    ring: Arc<Ring>,
    stats: Arc<Stats>,
}

/// Handle to the writers of all shards. Cheap to share; handlers hold it in an `Arc`.
pub struct Journal {
    shards: Box<[Shard]>,
    store: Arc<dyn Store>,
    instance: InstanceId,
    opaque_ids: OpaqueIds,
    clock: Clock,
}

impl Journal {
    /// Number of shards, which is fixed for the life of a store.
    #[must_use]
    pub fn shards(&self) -> u16 {
        u16::try_from(self.shards.len()).expect("shards are numbered by u16")
    }

    /// True if this process holds the shard.
    #[must_use]
    pub fn holds(&self, shard: ShardId) -> bool {
        self.shards.get(usize::from(shard.0)).is_some_and(|shard| *shard.state.borrow() != ShardState::Lost)
    }

    /// The shards that this process holds, ascending.
    #[must_use]
    pub fn held(&self) -> Vec<ShardId> {
        (0..self.shards()).map(ShardId).filter(|shard| self.holds(*shard)).collect()
    }

    /// Id of the installation, to which a license can be bound (R28).
    #[must_use]
    pub fn instance(&self) -> InstanceId {
        self.instance
    }

    /// Codec for ids that leave the service and must reveal nothing about other tenants (R1).
    #[must_use]
    pub fn opaque_ids(&self) -> &OpaqueIds {
        &self.opaque_ids
    }

    /// Globally unique id of the notification that belongs to an audit event of the tenant. A receiver recognizes a
    /// repeated delivery by it (R34); it reveals nothing else.
    #[must_use]
    pub fn message_id(&self, tenant: &TenantId, event: EventNo) -> String {
        let names = self.opaque_ids.codec(Purpose::Message, &[tenant.as_str().as_bytes()]);
        format!("{}-{}", self.instance, names.name(event.0))
    }

    fn shard(&self, tenant: &TenantId) -> &Shard {
        &self.shards[usize::from(tenant.shard(self.shards()).0)]
    }

    /// Submits a command, and returns its outcome once every change it made is durable. The writer finishes a submitted
    /// command even when the caller goes away.
    ///
    /// # Errors
    /// [`JournalError`]: nothing was decided, or the outcome is not known; the command is safe to repeat.
    pub async fn submit<C>(&self, actor: &Actor, tenant: &TenantId, command: C) -> Result<C::Answer, JournalError>
    where
        C: Operation<Kind = Command>,
        Outcome: Reply<C>,
    {
        let (reply, answer) = oneshot::channel();
        let request = Request { tenant: tenant.clone(), actor: actor.clone(), command: command.into() };
        self.shard(tenant).send(Message::Command(request, ReplyChannel::new(reply)))?;
        let outcome = answer.await.map_err(|_| JournalError::Failed)??;
        admin_log::log(actor, tenant, &outcome);
        outcome.into_answer().ok_or(JournalError::Failed)
    }

    /// Reads a tenant's state. The answer contains durable data only.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn query<Q>(&self, tenant: &TenantId, query: Q) -> Result<Q::Answer, JournalError>
    where
        Q: Operation<Kind = Query>,
        QueryResult: Reply<Q>,
    {
        send_query(self.shard(tenant), Some(tenant.clone()), query).await
    }

    /// Reads data that belongs to no single tenant: the list of a shard's tenants.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn query_shard<Q>(&self, shard: ShardId, query: Q) -> Result<Q::Answer, JournalError>
    where
        Q: Operation<Kind = Query>,
        QueryResult: Reply<Q>,
    {
        send_query(&self.shards[usize::from(shard.0)], None, query).await
    }

    /// Deletes audit events that are older than `keep`, the oldest first, at most `max` of each shard. Returns whether
    /// there may be more to delete. Only shards that this process owns are processed: two processes at once would only
    /// slow each other down.
    ///
    /// # Errors
    /// [`StoreError`]: some shards may have been processed already.
    pub async fn expire_audit(&self, now: WallTime, keep: Duration, max: usize) -> Result<bool, StoreError> {
        let mut more = false;
        for (shard, held) in (0..).map(ShardId).zip(&self.shards).filter(|(_, held)| held.lease.holds()) {
            let expired = self.store.expire_audit(shard, now, keep, max).await?;
            held.stats.audit_expired.fetch_add(expired.events, Ordering::Relaxed);
            more |= expired.more;
        }
        Ok(more)
    }

    /// Watches a tenant's sessions: the events after the cursor `after`, or those from now on. `None`: the tenant does
    /// not exist.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn watch(&self, tenant: &TenantId, after: Option<EventNo>) -> Result<Option<SessionWatch>, JournalError> {
        let shard = self.shard(tenant);
        let no = self.number(tenant).await?;
        Ok(no.map(|no| SessionWatch::new(Arc::clone(&shard.ring), no, after)))
    }

    async fn number(&self, tenant: &TenantId) -> Result<Option<TenantNo>, JournalError> {
        let (reply, answer) = oneshot::channel();
        self.shard(tenant).send(Message::Number(tenant.clone(), reply))?;
        answer.await.map_err(|_| JournalError::Failed)?
    }

    /// Sends a tick to every shard: see [`crate::ledger::Ledger::tick`]. A shard whose queue is full is skipped until
    /// the next tick.
    pub fn tick(&self) {
        for shard in &self.shards {
            let _ = shard.send(Message::Tick);
        }
    }

    /// State of each shard. A receiver can also be used to wait for changes.
    #[must_use]
    pub fn states(&self) -> Vec<watch::Receiver<ShardState>> {
        self.shards.iter().map(|shard| shard.state.clone()).collect()
    }

    /// Statistics of each shard, for metrics.
    #[must_use]
    pub fn stats(&self) -> Vec<Arc<Stats>> {
        self.shards.iter().map(|shard| Arc::clone(&shard.stats)).collect()
    }

    /// Number of waiting commands and queries, over all shards.
    #[must_use]
    pub fn queue_depth(&self) -> usize {
        self.shards.iter().map(|shard| shard.queue.max_capacity() - shard.queue.capacity()).sum()
    }

    /// Totals over all tenants of the shards that answer, and their `busiest` pools with the most seats in use, in
    /// descending order.
    pub async fn totals(&self, busiest: usize) -> (Totals, Vec<PoolUsageEntry>) {
        let (mut sum, mut pools) = (Totals::default(), Vec::new());
        for shard in &self.shards {
            let (reply, answer) = oneshot::channel();
            if shard.send(Message::Totals(busiest, reply)).is_err() {
                continue;
            }
            let Ok((totals, more)) = answer.await else { continue };
            sum.add(&totals);
            pools.extend(more);
        }
        pools.sort_by_key(|pool: &PoolUsageEntry| std::cmp::Reverse(pool.in_use));
        pools.truncate(busiest);
        (sum, pools)
    }

    /// Flushes and releases every shard. Everything submitted before is decided, committed and answered; later requests
    /// are refused with [`JournalError::Stopping`]. Returns whether the store has everything: `stop` does not wait for
    /// a store that refuses changes.
    pub async fn stop(&self) -> bool {
        let mut stopped = Vec::new();
        for shard in &self.shards {
            let (reply, done) = oneshot::channel();
            // Waits for space: a full queue contains work that must be finished.
            if shard.queue.send(Message::Stop(reply)).await.is_ok() {
                stopped.push(done);
            }
        }
        let mut all = true;
        for done in stopped {
            all &= done.await.unwrap_or(true); // An error means that the writer has ended already.
        }
        all
    }
}

async fn send_query<Q>(shard: &Shard, tenant: Option<TenantId>, query: Q) -> Result<Q::Answer, JournalError>
where
    Q: Operation<Kind = Query>,
    QueryResult: Reply<Q>,
{
    let (reply, answer) = oneshot::channel();
    shard.send(Message::Query(tenant, query.into(), ReplyChannel::new(reply)))?;
    answer.await.map_err(|_| JournalError::Failed)??.into_answer().ok_or(JournalError::Failed)
}

impl Shard {
    fn send(&self, message: Message) -> Result<(), JournalError> {
        self.queue.try_send(message).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => JournalError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => match *self.state.borrow() {
                ShardState::Lost => JournalError::NotOwner,
                ShardState::Damaged => JournalError::StoreAway,
                _ => JournalError::Stopping,
            },
        })
    }
}

/// Fresh owner token for a claim. It distinguishes this claim from every other one.
fn fresh_token() -> OwnerToken {
    OwnerToken::random()
}
