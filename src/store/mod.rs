//! The seam between the journal and a durable store. Two implementations, one conformance suite.
//!
//! Every shard has one row in `shards`: who owns it (epoch, token) and its last batch (seq). A batch is one
//! transaction that begins with the fence; a stale owner, or a batch sent twice, aborts it whole.

pub mod audit_block;
pub mod audit_filter;
pub mod audit_search;
pub mod continuity;
pub mod encode;
mod history;
pub mod nodes;
pub mod notifications;
pub mod open;
pub mod postgres;
pub mod recount;
pub mod snapshot;
pub mod sqlite;
pub mod terms;
pub mod tokens;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use self::nodes::NodeRef;
use crate::ids::{
    Epoch, EventNo, InstanceId, OrganizationId, OwnerToken, PoolId, Seq, SessionId, ShardId, TenantNo, UserId,
};
use crate::ledger::change::{Action, AuditEvent, Change};
use crate::ledger::continuity::Continuity;
use crate::ledger::time::{Tick, Wall};
use crate::opaque_id::Secret;

pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What is fixed at a store's first start, and kept for as long as there is a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Installation {
    /// How many shards tenants are hashed onto.
    pub shards: u16,
    /// Names the installation: a license can be bound to it (R28).
    pub instance: InstanceId,
    /// Veils what the tenants of a shard share (R1).
    pub secret: Secret,
}

impl Installation {
    /// What a first start asks for.
    #[must_use]
    pub fn new(shards: u16) -> Self {
        Self { shards, instance: InstanceId::random(), secret: Secret::random() }
    }
}

/// Who holds a shard. Proof of ownership for every batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    pub epoch: Epoch,
    pub token: OwnerToken,
}

/// A shard's row in `shards`, beside its owner: where its batches stand.
/// A fresh shard has zeroes everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// The last committed batch.
    pub seq: Seq,
    /// The shard's time at its last batch, and the wall time then (R31).
    pub tick: Tick,
    pub wall: Wall,
    /// High-water mark of wall time (R31).
    pub wall_high: Wall,
    /// Highest tenant number ever given: a number is never given twice.
    pub last_tenant: TenantNo,
    /// Highest number of an audit event.
    pub last_event: EventNo,
    /// How the next process goes on with the shard's time.
    pub continuity: Continuity,
}

impl Owner {
    /// Why nobody can own a shard so, in words.
    #[must_use]
    pub fn implausible(&self) -> Option<&'static str> {
        (self.epoch.0 < 0 || self.epoch.0 > i64::MAX / 2).then_some("epoch is out of range")
    }
}

impl Position {
    /// Why a shard cannot stand here, in words.
    #[must_use]
    pub fn implausible(&self) -> Option<&'static str> {
        let Self { seq, tick, wall, wall_high, last_tenant, last_event, continuity: _ } = *self;
        let latest = Wall::LAST.0;
        match () {
            () if seq.0 < 0 || seq.0 > i64::MAX / 2 => Some("seq is out of range"),
            () if tick.0 > 2 * latest.unsigned_abs() => Some("tick_ms is beyond the year 9999"),
            // Earlier releases wrote what a clock showed that was far off.
            () if wall.0.unsigned_abs() > 2 * latest.unsigned_abs() => Some("wall_ms is no time"),
            () if wall_high.0.unsigned_abs() > 2 * latest.unsigned_abs() => Some("wall_high_ms is no time"),
            () if last_event.0 > i64::MAX as u64 / 2 => Some("last_event_no is out of range"),
            // Each number was given with an event.
            () if u64::from(last_tenant.0) > last_event.0 => Some("last_tenant_no is above last_event_no"),
            () => None,
        }
    }
}

/// One transaction: everything that waited, with each key once.
#[derive(Debug)]
pub struct Batch {
    /// Where the shard stands when this batch is committed. `position.seq - 1` must be the store's.
    pub position: Position,
    /// Deduplicated: one change per key, except that a deletion of a tenant covers everything under it.
    /// Sorted by kind and key, deletions of tenants first.
    pub rows: Vec<Change>,
    /// Deduplicated by number, ascending. An event that was committed before is the same but for its count (R21).
    pub events: Vec<AuditEvent>,
}

/// What went wrong between us and the store, in words for an operator. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The store does not answer, or refuses to: trying again may help.
    #[error("{0}")]
    Unavailable(StoreError),
    /// The store answers, and what it holds makes no sense: names the table and the key. Trying again does not help.
    #[error("the store is damaged: {0}")]
    Damaged(StoreError),
}

impl From<StoreError> for ReadError {
    fn from(error: StoreError) -> Self {
        ReadError::Unavailable(error)
    }
}

impl From<ReadError> for StoreError {
    fn from(error: ReadError) -> Self {
        StoreError(error.to_string())
    }
}

/// Who claims a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimant {
    /// Fresh for each claim: it tells one claim from another.
    pub token: OwnerToken,
    /// `None`: the store belongs to this process alone, or a tool claims.
    pub node: Option<NodeRef>,
}

impl From<OwnerToken> for Claimant {
    fn from(token: OwnerToken) -> Self {
        Self { token, node: None }
    }
}

/// Why a claim failed.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// With the shard's last batch when it was claimed over `over`, or over an earlier attempt of the same claim, if the
    /// store still knows it: later batches of that owner are not, and will not be, in the store.
    #[error("the shard has another owner")]
    Taken(Option<Seq>),
    #[error("the store did not answer: {0}")]
    Unavailable(StoreError),
    /// As [`ReadError::Damaged`].
    #[error("the store is damaged: {0}")]
    Damaged(StoreError),
    /// As [`CommitError::NotWritable`].
    #[error("the store takes no changes: {0}")]
    NotWritable(StoreError),
}

impl From<ReadError> for ClaimError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unavailable(error) => ClaimError::Unavailable(error),
            ReadError::Damaged(error) => ClaimError::Damaged(error),
        }
    }
}

/// Why a batch was not (or may not have been) committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Another owner has the shard, or this batch was committed before. Nothing was written.
    #[error("the fence refused the batch")]
    Fenced,
    /// The store refused the data. Nothing was written, and sending it again will not help.
    #[error("the store refused the batch: {0}")]
    Refused(StoreError),
    /// The store refuses changes such as these, whatever the data: a privilege is missing, a table has another name, a
    /// trigger fails, it can only be read. Nothing was written; sent again, it is taken once an operator has mended that.
    #[error("the store takes no such batch: {0}")]
    NotWritable(StoreError),
    /// Nothing was written, or everything: only claiming the shard again and looking at `seq` can tell.
    #[error("the outcome of the batch is unknown: {0}")]
    Unknown(StoreError),
    /// As [`ReadError::Damaged`]. Nothing was written, or everything; nobody may answer.
    #[error("the store is damaged: {0}")]
    Damaged(StoreError),
}

impl From<ReadError> for CommitError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unavailable(error) => CommitError::Unknown(error),
            ReadError::Damaged(error) => CommitError::Damaged(error),
        }
    }
}

/// Which audit events to read: newest first, all given filters hold.
#[derive(Debug, Clone)]
pub struct AuditQuery {
    pub shard: ShardId,
    pub tenant: TenantNo,
    /// Only events before this number (keyset pagination).
    pub before: Option<EventNo>,
    pub user: Option<UserId>,
    pub pool: Option<PoolId>,
    pub session: Option<SessionId>,
    pub organization: Option<OrganizationId>,
    pub actor: Option<String>,
    pub action: Option<Action>,
    /// `Some(true)`: denials only; `Some(false)`: everything else.
    pub denied: Option<bool>,
    /// [`crate::ledger::change::Reason::code`].
    pub reason: Option<u8>,
    /// Events that stand for so many, or more (R21).
    pub count: Option<u32>,
    /// Events with this in the detail, as it stands there.
    pub detail: Option<String>,
    /// From this wall time on.
    pub from: Option<Wall>,
    /// Before this wall time.
    pub until: Option<Wall>,
    /// Events of an answer, at most.
    pub limit: usize,
}

impl AuditQuery {
    /// Every event of a tenant, at most so many at once.
    #[must_use]
    pub fn all(shard: ShardId, tenant: TenantNo, limit: usize) -> Self {
        Self {
            shard,
            tenant,
            before: None,
            user: None,
            pool: None,
            session: None,
            organization: None,
            actor: None,
            action: None,
            denied: None,
            reason: None,
            count: None,
            detail: None,
            from: None,
            until: None,
            limit,
        }
    }
}

/// A part of the audit's answer to a query. Finding it is a bounded amount of work, so it may hold few events, or none,
/// and not be the last.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AuditPage {
    /// Newest first.
    pub events: Vec<AuditEvent>,
    /// Where to go on: `before` of the next query. `None`: there is no more.
    pub next: Option<EventNo>,
    /// Blocks that were looked into ([`audit_block`]).
    pub blocks: usize,
}

/// What a step of retention did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expired {
    /// Events that were deleted.
    pub events: u64,
    /// Whether there may be more to delete.
    pub more: bool,
}

/// A durable store. No method decides anything; none asks what time it is.
pub trait Store: Send + Sync + 'static {
    /// What was fixed at the store's first start. When this is the first one, `wanted` is: in one transaction the
    /// shards' rows are made, with epoch 0, the nil token and a zero [`Position`], and the installation's. Of two first
    /// starts at once both get the same answer.
    fn installation(&self, wanted: Installation) -> StoreFuture<'_, Result<Installation, ReadError>>;

    /// Makes `by` the owner of the shard with the next epoch, and answers where the shard stands.
    ///
    /// `over`: the owner that the caller was; the claim fails with [`ClaimError::Taken`] when the shard has
    /// neither that owner nor (from an earlier attempt whose answer was lost) the token of `by`. `None`: whoever it is.
    /// Compare-and-set on what was read, so of two claims at once one wins and the other is `Taken` or is
    /// itself fenced by the winner's epoch.
    fn claim(
        &self,
        shard: ShardId,
        over: Option<Owner>,
        by: Claimant,
    ) -> StoreFuture<'_, Result<(Owner, Position), ClaimError>>;

    /// Sends every row of the shard in chunks, as `Put…` changes: tenants, licenses, pools, organizations,
    /// users, seats, sessions, notifications, tokens, license floors, in this order.
    fn load(&self, shard: ShardId, rows: mpsc::Sender<Vec<Change>>) -> StoreFuture<'_, Result<(), ReadError>>;

    /// Commits a batch as one transaction behind the fence. To be awaited to its end: a future that is dropped leaves
    /// the outcome unknown, and only a claim can tell.
    fn commit(&self, shard: ShardId, owner: Owner, batch: Arc<Batch>) -> StoreFuture<'_, Result<(), CommitError>>;

    /// Reads audit events, newest first: at most [`AuditQuery::limit`], and no longer than a bounded amount of work.
    fn audit(&self, query: AuditQuery) -> StoreFuture<'_, Result<AuditPage, StoreError>>;

    /// Deletes at most `most` of the shard's oldest audit events, as one transaction: those of blocks that were complete,
    /// or came before one that was complete, a time `keep` ago, both by `now` and by the shard's high-water mark, so that
    /// a clock that is ahead deletes nothing too early. Whoever does it, and however often, deletes the same: there is
    /// no fence.
    fn expire_audit(
        &self,
        shard: ShardId,
        now: Wall,
        keep: Duration,
        most: usize,
    ) -> StoreFuture<'_, Result<Expired, StoreError>>;

    /// Whether the store is still the one that was opened: a process can go on writing into files that were removed,
    /// replaced or cut off, and no restart finds what it wrote. A commit looks by itself; this is for the time between
    /// commits.
    fn is_there(&self) -> StoreFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }

    /// Gives the shard up, if `owner` still has it: the token becomes nil, the epoch stays.
    fn release(&self, shard: ShardId, owner: Owner) -> StoreFuture<'_, Result<(), StoreError>>;

    /// Finishes what was sent and closes every connection.
    fn close(&self) -> StoreFuture<'_, ()>;
}
