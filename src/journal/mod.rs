//! The journal: puts the commands and queries of a shard in order, has the ledger decide them, makes the changes
//! durable, and only then answers.
//!
//! There is one writer task per shard. It applies all waiting commands with one timestamp and commits their changes as
//! one transaction. While one batch is being committed, the writer builds the next one. No caller sees a change before
//! its batch is durable.

mod admin_log;
pub mod ahead;
mod audit;
mod backlog;
mod batch;
mod errors;
mod followers;
mod in_flight;
mod leaving;
mod message;
mod missed_events;
mod recent_events;
mod recovery;
mod reply;
mod run_queue;
mod session_watch;
mod shard_state;
mod slot;
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

use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

pub use ahead::LoadingAhead;
pub use audit::AuditFilter;
pub use errors::{AuditError, JournalError, StartError};
pub use followers::{CommittedBatch, Follow};
pub use session_watch::SessionWatch;
pub use shard_state::ShardState;
pub use stats::Stats;
pub use watch_event::WatchEvent;

use crate::clock::Clock;
use crate::ids::{EventNo, InstanceId, OwnerToken, ShardId, TenantId, TenantNo};
use crate::ledger::change::Actor;
use crate::ledger::command::{Command, Operation, Outcome, Query, QueryResult, Reply, Request};
use crate::ledger::time::WallTime;
use crate::ledger::{PoolUsageEntry, Totals};
use crate::opaque_id::{OpaqueIds, Purpose};
pub use crate::store::AuditPage;
use crate::store::{Store, StoreError};

use message::Message;
use missed_events::{MissedEvents, ReadAudit};
use reply::ReplyChannel;
use slot::Slot;

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

/// Handle to the writers of the shards that this process holds. Cheap to share; handlers hold it in an `Arc`. Shards
/// come ([`Journal::open`]) and go ([`Journal::release`]) while calls run.
pub struct Journal {
    /// One for each shard of the installation.
    slots: Box<[Arc<Slot>]>,
    losses: watch::Sender<u64>,
    /// Canceled when the journal is being stopped.
    stopping: CancellationToken,
    store: Arc<dyn Store>,
    instance: InstanceId,
    opaque_ids: OpaqueIds,
    clock: Clock,
    config: JournalConfig,
}

impl Drop for Journal {
    /// Nobody can call any more: every writer finishes what it has taken.
    fn drop(&mut self) {
        self.slots.iter().for_each(|slot| slot.close());
    }
}

impl Journal {
    /// Number of shards, which is fixed for the life of a store.
    #[must_use]
    pub fn shards(&self) -> u16 {
        u16::try_from(self.slots.len()).expect("shards are numbered by u16")
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

    /// Returns whether this process holds the shard now.
    #[must_use]
    pub fn holds(&self, shard: ShardId) -> bool {
        self.slot(shard).is_some_and(|slot| slot.is_held())
    }

    /// Returns whether this process holds the shard and may answer for it from memory now (C4). While it has no lease,
    /// another process may own the shard.
    #[must_use]
    pub fn has_lease(&self, shard: ShardId) -> bool {
        self.slot(shard).and_then(|slot| slot.held()).is_some_and(|held| held.lease.holds())
    }

    /// The shards that this process holds now.
    #[must_use]
    pub fn held(&self) -> Vec<ShardId> {
        self.slots.iter().filter(|slot| slot.is_held()).map(|slot| slot.shard).collect()
    }

    /// Checks that this process holds the tenant's shard now.
    ///
    /// # Errors
    /// [`JournalError`]: what a call for the tenant would get.
    pub fn check_holds(&self, tenant: &TenantId) -> Result<(), JournalError> {
        let slot = self.of(tenant);
        if slot.is_held() { Ok(()) } else { Err(slot.refusal()) }
    }

    fn slot(&self, shard: ShardId) -> Option<&Arc<Slot>> {
        self.slots.get(usize::from(shard.0))
    }

    fn of(&self, tenant: &TenantId) -> &Slot {
        &self.slots[usize::from(tenant.shard(self.shards()).0)]
    }

    /// Submits a command, and returns its outcome once every change it made is durable. The writer finishes a submitted
    /// command even when the caller goes away.
    ///
    /// # Errors
    /// [`JournalError`]: nothing was decided, or the outcome is not known.
    pub async fn submit<C>(&self, actor: &Actor, tenant: &TenantId, command: C) -> Result<C::Answer, JournalError>
    where
        C: Operation<Kind = Command>,
        Outcome: Reply<C>,
    {
        let (reply, answer) = oneshot::channel();
        let request = Request { tenant: tenant.clone(), actor: actor.clone(), command: command.into() };
        self.of(tenant).send(Message::Command(request, ReplyChannel::new(reply)))?;
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
        send_query(self.of(tenant), Some(tenant.clone()), query).await
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
        send_query(&self.slots[usize::from(shard.0)], None, query).await
    }

    /// Deletes audit events that are older than `keep`, the oldest first, at most `max` of each shard. Returns whether
    /// there may be more to delete. Only shards that this process holds are processed: two processes at once would only
    /// slow each other down (C12).
    ///
    /// # Errors
    /// [`StoreError`] of the first shard that was not processed: one database that is away (C9) does not keep the
    /// events of the others.
    pub async fn expire_audit(&self, now: WallTime, keep: Duration, max: usize) -> Result<bool, StoreError> {
        let (mut more, mut failed) = (false, None);
        for slot in self.slots.iter().filter(|slot| self.has_lease(slot.shard)) {
            match self.store.expire_audit(slot.shard, now, keep, max).await {
                Ok(expired) => {
                    slot.stats.audit_expired.fetch_add(expired.events, Ordering::Relaxed);
                    more |= expired.more;
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(more), Err)
    }

    /// Watches a tenant's sessions: the events after the cursor `after`, or those from now on. A cursor is good at every
    /// owner of the shard: what its memory does not have is read from the audit (C13). `None`: the tenant does not
    /// exist.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn watch(&self, tenant: &TenantId, after: Option<EventNo>) -> Result<Option<SessionWatch>, JournalError> {
        let slot = self.of(tenant);
        let held = slot.held().ok_or_else(|| slot.refusal())?;
        let no = self.number(tenant).await?;
        let store = Arc::clone(&self.store);
        let audit: ReadAudit = Box::new(move |query| {
            let store = Arc::clone(&store);
            Box::pin(async move { store.audit(query).await })
        });
        Ok(no.map(|no| {
            let missed = MissedEvents::new(audit, slot.shard, no);
            SessionWatch::new(Arc::clone(&held.ring), no, missed, after)
        }))
    }

    async fn number(&self, tenant: &TenantId) -> Result<Option<TenantNo>, JournalError> {
        let (reply, answer) = oneshot::channel();
        self.of(tenant).send(Message::Number(tenant.clone(), reply))?;
        answer.await.map_err(|_| JournalError::Failed)?
    }

    /// Sends a tick to every shard that this process holds: see [`crate::ledger::Ledger::tick`]. A shard whose queue is
    /// full is skipped until the next tick.
    pub fn tick(&self) {
        for slot in &self.slots {
            let _ = slot.send(Message::Tick);
        }
    }

    /// State of each shard of the installation. A receiver can also be used to wait for changes, and stays good while
    /// the shard comes and goes.
    #[must_use]
    pub fn states(&self) -> Vec<watch::Receiver<ShardState>> {
        self.slots.iter().map(|slot| slot.states()).collect()
    }

    /// Number of shards that this process held and lost to others, without having released them.
    #[must_use]
    pub fn losses(&self) -> watch::Receiver<u64> {
        self.losses.subscribe()
    }

    /// Statistics of each shard of the installation, for metrics: what happened to it in this process.
    #[must_use]
    pub fn stats(&self) -> Vec<Arc<Stats>> {
        self.slots.iter().map(|slot| Arc::clone(&slot.stats)).collect()
    }

    /// Number of waiting commands and queries, over the shards that this process holds.
    #[must_use]
    pub fn queue_depth(&self) -> usize {
        let held = self.slots.iter().filter_map(|slot| slot.held());
        held.map(|held| held.queue.max_capacity() - held.queue.capacity()).sum()
    }

    /// Totals over all tenants of the shards that this process holds and that answer, and their `busiest` pools with the
    /// most seats in use, in descending order.
    pub async fn totals(&self, busiest: usize) -> (Totals, Vec<PoolUsageEntry>) {
        let (mut sum, mut pools) = (Totals::default(), Vec::new());
        for slot in &self.slots {
            let (reply, answer) = oneshot::channel();
            if slot.send(Message::Totals(busiest, reply)).is_err() {
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
}

async fn send_query<Q>(slot: &Slot, tenant: Option<TenantId>, query: Q) -> Result<Q::Answer, JournalError>
where
    Q: Operation<Kind = Query>,
    QueryResult: Reply<Q>,
{
    let (reply, answer) = oneshot::channel();
    slot.send(Message::Query(tenant, query.into(), ReplyChannel::new(reply)))?;
    answer.await.map_err(|_| JournalError::Failed)??.into_answer().ok_or(JournalError::Failed)
}

/// Fresh owner token for a claim. It distinguishes this claim from every other one.
fn fresh_token() -> OwnerToken {
    OwnerToken::random()
}
