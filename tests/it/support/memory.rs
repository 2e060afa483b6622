//! A store in memory whose faults are scripted, one batch at a time: everything that a connection can do to a COMMIT.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use usher::ids::{Epoch, EventNo, InstanceId, OwnerToken, Seq, ShardId};
use usher::ledger::change::{AuditEvent, Change};
use usher::ledger::time::WallTime;
use usher::store::nodes::{ClusterSnapshot, NewNode, NodeHeartbeat, NodeRef, NodeStore, OwnerRow};
use usher::store::{
    AuditPage, AuditQuery, Batch, ClaimError, Claimant, CommitError, Expired, Installation, LoadPart, Owner, Position,
    ReadError, Store, StoreError, StoreFuture,
};

use usher::opaque_id::Secret;
use uuid::Uuid;

use super::nodes::NodeTable;
use super::rows::Rows;

/// The fate of one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection is lost before COMMIT: nothing is written.
    LostBefore,
    /// The connection is lost after COMMIT: everything is written, and the caller does not learn it.
    LostAfter,
    /// The store refuses the data as invalid.
    Refuse,
    /// The commit waits for [`Memory::resume_commits`].
    Stall,
}

/// The contents of the disk, shared by all processes that use it.
#[derive(Default)]
pub struct Disk {
    pub epoch: i64,
    pub token: Uuid,
    /// The node that owns the shard, or for which it was released; `former` is the token and the last `seq` of the owner before.
    node: Option<NodeRef>,
    former: (Uuid, Seq),
    pub nodes: NodeTable,
    pub position: Position,
    pub rows: Rows,
    pub events: BTreeMap<EventNo, AuditEvent>,
    /// Number of committed batches.
    pub commits: usize,
    /// Rows and events of the largest committed batch.
    pub largest: usize,
    /// The committed batches, for as long as something else keeps them alive.
    pub batches: Vec<Weak<Batch>>,
}

type BeforeClaim = Box<dyn FnOnce() + Send>;

/// One process's access to the disk, which has one shard.
#[derive(Clone, Default)]
pub struct Memory {
    pub disk: Arc<Mutex<Disk>>,
    faults: Arc<Mutex<VecDeque<Fault>>>,
    commit_time: Arc<Mutex<Duration>>,
    /// The process's node does not reach the store.
    cut_off: Arc<AtomicBool>,
    before_claim: Arc<Mutex<Option<BeforeClaim>>>,
    stalled: Arc<Notify>,
    gate: Arc<Notify>,
    refuses: Arc<AtomicBool>,
    loads_fail: Arc<AtomicBool>,
    loads_wait: Arc<AtomicBool>,
}

impl Memory {
    /// Another process on the same disk, with faults of its own.
    pub fn other(&self) -> Self {
        Self { disk: Arc::clone(&self.disk), ..Self::default() }
    }

    /// Makes each commit take this long from now on.
    pub fn commits_take(&self, time: Duration) {
        *self.commit_time.lock().unwrap() = time;
    }

    pub fn fail_next(&self, fault: Fault) {
        self.faults.lock().unwrap().push_back(fault);
    }

    /// Makes the process's heartbeats to the store fail from now on, or succeed again.
    pub fn cut_off(&self, cut_off: bool) {
        self.cut_off.store(cut_off, Ordering::Relaxed);
    }

    /// Runs `act` just before the next claim of this process.
    pub fn claim_before_next(&self, act: impl FnOnce() + Send + 'static) {
        *self.before_claim.lock().unwrap() = Some(Box::new(act));
    }

    /// Makes the store refuse all changes from now on, or accept them again.
    pub fn refuses(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::SeqCst);
    }

    /// Makes loads succeed or fail from now on.
    pub fn loads(&self, succeed: bool) {
        self.loads_fail.store(!succeed, Ordering::SeqCst);
    }

    /// Makes loads wait for [`Memory::resume_commits`] from now on, or wait no longer.
    pub fn hold_loads(&self, hold: bool) {
        self.loads_wait.store(hold, Ordering::SeqCst);
    }

    /// Waits until a commit stalls.
    pub async fn has_stalled(&self) {
        self.stalled.notified().await;
    }

    pub fn resume_commits(&self) {
        self.gate.notify_one();
    }

    fn reach(&self) -> Result<MutexGuard<'_, Disk>, StoreError> {
        if self.cut_off.load(Ordering::Relaxed) {
            return Err(StoreError("cut off".into()));
        }
        Ok(self.disk.lock().unwrap())
    }

    fn write(&self, owner: Owner, batch: &Arc<Batch>) -> Result<(), CommitError> {
        let mut disk = self.disk.lock().unwrap();
        let ours = disk.epoch == owner.epoch.0 && disk.token == owner.token.0;
        if !ours || disk.position.seq.0 != batch.position.seq.0 - 1 {
            return Err(CommitError::Fenced);
        }
        disk.position = batch.position;
        disk.rows.apply(&batch.rows);
        for event in &batch.events {
            disk.events.insert(event.no, event.clone());
        }
        disk.commits += 1;
        disk.largest = disk.largest.max(batch.rows.len() + batch.events.len());
        disk.batches.push(Arc::downgrade(batch));
        Ok(())
    }
}

/// The installation record of a store with this many shards.
pub fn installation(shards: u16) -> Installation {
    Installation { shards, instance: InstanceId(Uuid::from_u128(7)), secret: Secret::stored([7; 32]) }
}

impl Store for Memory {
    fn installation(&self, wanted: Installation) -> StoreFuture<'_, Result<Installation, ReadError>> {
        Box::pin(async move { Ok(Installation { shards: 1, ..wanted }) })
    }

    fn claim(
        &self,
        _shard: ShardId,
        over: Option<Owner>,
        by: Claimant,
    ) -> StoreFuture<'_, Result<(Owner, Position), ClaimError>> {
        Box::pin(async move {
            let before = self.before_claim.lock().unwrap().take();
            if let Some(before) = before {
                before();
            }
            if self.refuses.load(Ordering::SeqCst) {
                return Err(ClaimError::NotWritable(StoreError("permission denied".into())));
            }
            let (mut disk, token) = (self.disk.lock().unwrap(), by.token);
            let ours = over.is_none_or(|over| over.epoch.0 == disk.epoch && over.token.0 == disk.token);
            if !ours && disk.token != token.0 {
                let (before, last) = disk.former;
                let ours = over.is_some_and(|over| over.token.0 == before) || token.0 == before;
                return Err(ClaimError::Taken((ours && !before.is_nil()).then_some(last)));
            }
            if disk.token != token.0 {
                // Of a shard that was released, the owner that released it is remembered on.
                if !disk.token.is_nil() {
                    disk.former = (disk.token, disk.position.seq);
                }
                disk.node = by.node;
                disk.epoch += 1;
                disk.token = token.0;
            }
            Ok((Owner { epoch: Epoch(disk.epoch), token }, disk.position))
        })
    }

    fn load(&self, _shard: ShardId, rows: mpsc::Sender<Vec<Change>>) -> StoreFuture<'_, Result<(), ReadError>> {
        Box::pin(async move {
            if self.loads_wait.load(Ordering::SeqCst) {
                self.gate.notified().await;
            }
            if self.loads_fail.load(Ordering::SeqCst) {
                return Err(StoreError("permission denied".into()).into());
            }
            let all = self.disk.lock().unwrap().rows.all();
            rows.send(all).await.map_err(|_| StoreError("nobody takes the rows".into()).into())
        })
    }

    fn load_ahead(&self, _shard: ShardId, parts: mpsc::Sender<LoadPart>) -> StoreFuture<'_, Result<(), ReadError>> {
        Box::pin(async move {
            let (owner, position, rows) = {
                let disk = self.disk.lock().unwrap();
                let owner = Owner { epoch: Epoch(disk.epoch), token: OwnerToken(disk.token) };
                (owner, Box::new(disk.position), disk.rows.all())
            };
            if self.loads_wait.load(Ordering::SeqCst) {
                self.gate.notified().await;
            }
            for part in [LoadPart::Position(owner, position), LoadPart::Rows(rows)] {
                parts.send(part).await.map_err(|_| StoreError("nobody takes the rows".into()))?;
            }
            Ok(())
        })
    }

    fn commit(&self, _shard: ShardId, owner: Owner, batch: Arc<Batch>) -> StoreFuture<'_, Result<(), CommitError>> {
        Box::pin(async move {
            let lost = || CommitError::Unknown(StoreError("connection lost".into()));
            if self.refuses.load(Ordering::SeqCst) {
                return Err(CommitError::NotWritable(StoreError("permission denied".into())));
            }
            let (fault, time) = (self.faults.lock().unwrap().pop_front(), *self.commit_time.lock().unwrap());
            if !time.is_zero() {
                tokio::time::interval_at(tokio::time::Instant::now() + time, time).tick().await;
            }
            match fault {
                None => self.write(owner, &batch),
                Some(Fault::LostBefore) => Err(lost()),
                Some(Fault::LostAfter) => self.write(owner, &batch).and(Err(lost())),
                Some(Fault::Refuse) => Err(CommitError::Refused(StoreError("no such column".into()))),
                Some(Fault::Stall) => {
                    self.stalled.notify_one();
                    self.gate.notified().await;
                    self.write(owner, &batch)
                }
            }
        })
    }

    fn audit(&self, query: AuditQuery) -> StoreFuture<'_, Result<AuditPage, StoreError>> {
        Box::pin(async move {
            let disk = self.disk.lock().unwrap();
            let about = |event: &&AuditEvent| query.user.is_none() || query.user == event.user;
            let older = disk.events.range(..query.before.unwrap_or(EventNo(u64::MAX)));
            let newest = older.rev().map(|(_, event)| event).filter(|event| event.tenant == query.tenant);
            let events: Vec<_> = newest.filter(about).take(query.limit).cloned().collect();
            let next = events.last().filter(|_| events.len() == query.limit).map(|event| event.no);
            Ok(AuditPage { events, next, blocks: 0 })
        })
    }

    fn expire_audit(
        &self,
        _shard: ShardId,
        now: WallTime,
        keep: Duration,
        most: usize,
    ) -> StoreFuture<'_, Result<Expired, StoreError>> {
        Box::pin(async move {
            let mut disk = self.disk.lock().unwrap();
            let (events, until) = (disk.events.len(), now.minus(keep));
            let old: Vec<_> = disk.events.values().filter(|event| event.at < until).map(|event| event.no).collect();
            old.iter().take(most).for_each(|no| drop(disk.events.remove(no)));
            Ok(Expired { events: (events - disk.events.len()) as u64, more: old.len() > most })
        })
    }

    fn release(&self, _shard: ShardId, owner: Owner, to: Option<NodeRef>) -> StoreFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut disk = self.disk.lock().unwrap();
            let owned = disk.token == owner.token.0;
            if owned {
                (disk.former, disk.node) = ((disk.token, disk.position.seq), to);
                disk.token = Uuid::nil();
            }
            Ok(owned)
        })
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async {})
    }
}

impl NodeStore for Memory {
    fn join(&self, new: NewNode) -> StoreFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let mut disk = self.reach()?;
            let owner = disk.node;
            disk.nodes.join(&new, |id| owner.is_some_and(|node| node.id == id));
            Ok(())
        })
    }

    fn heartbeat(&self, heartbeat: NodeHeartbeat) -> StoreFuture<'_, Result<ClusterSnapshot, StoreError>> {
        Box::pin(async move {
            let mut disk = self.reach()?;
            let alive = disk.nodes.heartbeat(&heartbeat);
            let owner = Owner { epoch: Epoch(disk.epoch), token: OwnerToken(disk.token) };
            let seq = disk.node.is_none().then_some(disk.position.seq);
            let owners = vec![OwnerRow { shard: ShardId(0), owner, node: disk.node, seq }];
            Ok(ClusterSnapshot { alive, nodes: disk.nodes.0.clone(), owners, connection: 0 })
        })
    }

    fn declare_dead(&self, node: NodeRef, heartbeat: Option<i64>) -> StoreFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move { Ok(self.reach()?.nodes.declare_dead(node, heartbeat)) })
    }

    fn leave(&self, node: NodeRef) -> StoreFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.reach()?.nodes.leave(node);
            Ok(())
        })
    }
}

/// Positions of the disk, for assertions.
impl Disk {
    pub fn seq(&self) -> Seq {
        self.position.seq
    }

    /// Claims the shard for another process.
    pub fn taken_by_another(&mut self) {
        (self.former, self.node) = ((self.token, self.position.seq), None);
        (self.epoch, self.token) = (self.epoch + 1, Uuid::from_u128(5));
    }
}
