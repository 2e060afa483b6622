//! The journal: orders what is asked of a shard, has the ledger decide, makes it durable, and only then answers.
//!
//! One writer task per shard. Whatever waits is applied at one moment and committed as one transaction; while
//! one batch is being committed, the next is built. Nobody hears of a change before its batch is durable.

mod admin_log;
mod audit;
mod backlog;
mod batch;
mod in_flight;
mod message;
mod pulse;
mod recent_events;
mod recovery;
mod reply;
mod run_queue;
mod session_watch;
mod start;
mod stats;
mod status;
mod timeline;
mod writer;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

pub use audit::AuditFilter;
pub use session_watch::{SessionWatch, WatchEvent};
pub use stats::Stats;

use crate::clock::Clock;
use crate::cluster::ShardLease;
use crate::ids::{EventNo, InstanceId, OwnerToken, ShardId, TenantId, TenantNo};
use crate::ledger::change::Actor;
use crate::ledger::command::{Command, Operation, Outcome, Query, QueryResult, Reply, Request};
use crate::ledger::time::Wall;
use crate::ledger::{PoolUsageEntry, Totals};
use crate::opaque_id::{OpaqueIds, Purpose};
pub use crate::store::AuditPage;
use crate::store::{Store, StoreError};

use message::Message;
use reply::ReplyChannel;
use session_watch::Ring;

/// What every inherited session gets on top of its full lease (I5): clients may need a while to find the new owner.
pub const GRACE: Duration = Duration::from_secs(60);
/// An owner that has nothing to commit still shows itself to the fence this often. It also keeps the
/// high-water mark of wall time fresh (R31).
pub const REFRESH: Duration = Duration::from_secs(10);
/// A commit that takes longer than this means that the store is away: what needs it is refused at once.
pub const STALL: Duration = Duration::from_secs(2);

/// What the journal is told once.
#[derive(Debug, Clone, Copy)]
pub struct JournalConfig {
    pub ledger: crate::ledger::Config,
    /// Commands and queries that may wait per shard; beyond that, [`JournalError::Overloaded`].
    pub queue: usize,
    /// Commands per batch.
    pub batch: usize,
}

/// Why nothing was decided (or nobody can tell). A caller may try again; commands are safe to repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    #[error("too much is waiting already")]
    Overloaded,
    #[error("the store does not answer")]
    StoreAway,
    /// The store takes no changes at present. This one is kept, and may be written when it does.
    #[error("the store takes no changes")]
    NotWritten,
    #[error("another process owns this shard")]
    NotOwner,
    /// The store has not confirmed for three seconds that this process owns the shard: another one may by now.
    #[error("this process does not know whether it still owns the shard")]
    NoLease,
    #[error("the service is stopping")]
    Stopping,
    /// A bug: a panic while deciding, or rows that the store refused. Nothing was changed; of a command of several steps
    /// those stand that were durable.
    #[error("an internal error")]
    Failed,
}

/// Why audit events could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("no such tenant")]
    NoSuchTenant,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a journal did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("shard {0} was claimed by another process while this one started")]
    Taken(ShardId),
    /// What the store holds makes no sense.
    #[error("shard {0}: {1}")]
    Damaged(ShardId, StoreError),
}

/// A shard's state. Only `Serving` is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardState {
    Serving,
    /// A commit is overdue. Heartbeats, checks and reads of durable state go on.
    StoreAway,
    /// The store takes no changes, and says so; it is tried again. What memory may answer goes on: heartbeats, checks,
    /// denials.
    StoreRefuses,
    /// Another process owns the shard. Final.
    Lost,
    /// What the store holds makes no sense. Final.
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

/// The way to every shard. Cheap to share; handlers hold it in an `Arc`.
pub struct Journal {
    shards: Box<[Shard]>,
    store: Arc<dyn Store>,
    instance: InstanceId,
    opaque_ids: OpaqueIds,
    clock: Clock,
}

impl Journal {
    #[must_use]
    pub fn shards(&self) -> u16 {
        u16::try_from(self.shards.len()).expect("shards are numbered by u16")
    }

    /// The installation, which a license can name (R28).
    #[must_use]
    pub fn instance(&self) -> InstanceId {
        self.instance
    }

    /// For what leaves the service, and must tell nothing of other tenants (R1).
    #[must_use]
    pub fn opaque_ids(&self) -> &OpaqueIds {
        &self.opaque_ids
    }

    /// Names what was told with an audit event of the tenant, in the whole world: a receiver knows a repetition by it
    /// (R34), and nothing else.
    #[must_use]
    pub fn message_id(&self, tenant: &TenantId, event: EventNo) -> String {
        let names = self.opaque_ids.codec(Purpose::Message, &[tenant.as_str().as_bytes()]);
        format!("{}-{}", self.instance, names.name(event.0))
    }

    fn shard(&self, tenant: &TenantId) -> &Shard {
        &self.shards[usize::from(tenant.shard(self.shards()).0)]
    }

    /// Has a command decided and, if it changed anything, made durable. The writer finishes what was submitted
    /// even when the caller goes away.
    ///
    /// # Errors
    /// [`JournalError`]: undecided; the command is safe to repeat.
    pub async fn submit<C>(&self, actor: &Actor, tenant: &TenantId, command: C) -> Result<C::Answer, JournalError>
    where
        C: Operation<Kind = Command>,
        Outcome: Reply<C>,
    {
        let (reply, answer) = oneshot::channel();
        let request = Request { tenant: tenant.clone(), actor: actor.clone(), command: command.into() };
        let action = admin_log::action(actor, &request.command);
        self.shard(tenant).send(Message::Command(request, ReplyChannel::new(reply)))?;
        let outcome = answer.await.map_err(|_| JournalError::Failed)??;
        if let Some(action) = action {
            admin_log::log(action, actor, tenant, &outcome);
        }
        outcome.into_answer().ok_or(JournalError::Failed)
    }

    /// Reads a tenant's state. The answer holds nothing that is not durable.
    ///
    /// # Errors
    /// [`JournalError`].
    pub async fn query<Q>(&self, tenant: &TenantId, query: Q) -> Result<Q::Answer, JournalError>
    where
        Q: Operation<Kind = Query>,
        QueryResult: Reply<Q>,
    {
        send_query(self.shard(tenant), Some(tenant.clone()), query).await
    }

    /// Reads what belongs to no tenant: the list of a shard's tenants.
    ///
    /// # Errors
    /// [`JournalError`].
    pub async fn query_shard<Q>(&self, shard: ShardId, query: Q) -> Result<Q::Answer, JournalError>
    where
        Q: Operation<Kind = Query>,
        QueryResult: Reply<Q>,
    {
        send_query(&self.shards[usize::from(shard.0)], None, query).await
    }

    /// Deletes a few of the oldest audit events of each shard, at most `most` of each, if they are kept for longer than
    /// `keep`. Answers whether there may be more. Only a shard's owner does it: two at once would only hinder each other.
    ///
    /// # Errors
    /// [`StoreError`]: some shards may have had their turn.
    pub async fn expire_audit(&self, now: Wall, keep: Duration, most: usize) -> Result<bool, StoreError> {
        let mut more = false;
        for (shard, held) in (0..).map(ShardId).zip(&self.shards).filter(|(_, held)| held.lease.holds()) {
            let expired = self.store.expire_audit(shard, now, keep, most).await?;
            held.stats.audit_expired.fetch_add(expired.events, Ordering::Relaxed);
            more |= expired.more;
        }
        Ok(more)
    }

    /// Follows a tenant's sessions behind a cursor, or from now on. `None`: no such tenant.
    ///
    /// # Errors
    /// [`JournalError`].
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

    /// Lets every shard do its regular work: see [`crate::ledger::Ledger::tick`]. A shard whose queue is full
    /// is left for the next time.
    pub fn tick(&self) {
        for shard in &self.shards {
            let _ = shard.send(Message::Tick);
        }
    }

    /// The state of each shard, to look at and to wait for.
    #[must_use]
    pub fn states(&self) -> Vec<watch::Receiver<ShardState>> {
        self.shards.iter().map(|shard| shard.state.clone()).collect()
    }

    /// Figures of each shard, for metrics.
    #[must_use]
    pub fn stats(&self) -> Vec<Arc<Stats>> {
        self.shards.iter().map(|shard| Arc::clone(&shard.stats)).collect()
    }

    /// Commands and queries that wait, over all shards.
    #[must_use]
    pub fn queue_depth(&self) -> usize {
        self.shards.iter().map(|shard| shard.queue.max_capacity() - shard.queue.capacity()).sum()
    }

    /// Sums over all tenants of all shards that answer, and their `busiest` pools, the busiest first.
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

    /// Flushes and releases every shard: what was submitted before is decided, committed and answered; what
    /// comes later is refused as [`JournalError::Stopping`]. Answers whether the store has everything: one that takes no
    /// changes is not waited for.
    pub async fn stop(&self) -> bool {
        let mut stopped = Vec::new();
        for shard in &self.shards {
            let (reply, done) = oneshot::channel();
            // Waits for room: a full queue is work that is to be finished.
            if shard.queue.send(Message::Stop(reply)).await.is_ok() {
                stopped.push(done);
            }
        }
        let mut all = true;
        for done in stopped {
            all &= done.await.unwrap_or(true); // An error means that the writer is gone already.
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

/// A token for a claim. Fresh each time: a token tells one claim from another.
fn fresh_token() -> OwnerToken {
    OwnerToken::random()
}
