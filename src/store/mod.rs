//! The interface between the journal and a durable store. There are two implementations, and one conformance suite for
//! both.
//!
//! Every shard has one row in `shards`: its owner (epoch, token) and its last batch (seq). A batch is one transaction
//! that begins with the fence. A batch of a former owner, or one that was sent twice, aborts as a whole.

pub mod audit_block;
pub mod audit_filter;
pub mod audit_search;
mod batch;
pub mod batch_codec;
mod cell;
pub mod continuity;
pub mod encode;
pub mod entitlements;
mod history;
mod load_part;
pub mod nodes;
pub mod notifications;
pub mod open;
pub mod postgres;
pub mod report;
pub mod snapshot;
pub mod sqlite;
pub mod table;
pub mod terms;
pub mod tokens;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

pub use self::batch::Batch;
pub use self::cell::Cell;
pub use self::load_part::LoadPart;
use self::nodes::NodeRef;
use crate::ids::{
    Epoch, EventNo, InstanceId, OrganizationId, OwnerToken, PoolId, Seq, SessionId, ShardId, TenantNo, UserId,
};
use crate::ledger::change::{Action, AuditEvent, Change};
use crate::ledger::continuity::Continuity;
use crate::ledger::time::{Tick, WallTime};
use crate::opaque_id::Secret;

/// Future of a [`Store`] method; boxed, so that the trait can be used as `dyn Store`.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Installation record: fixed at the store's first start, and never changed afterward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Installation {
    /// Number of shards to which tenants are hashed.
    pub shards: u16,
    /// Id of the installation, to which a license can be bound (R28).
    pub instance: InstanceId,
    /// Key for opaque ids: they hide numbers that the tenants of a shard share (R1).
    pub secret: Secret,
}

impl Installation {
    /// Values for the first start of a new store: a fresh id and a fresh secret.
    #[must_use]
    pub fn new(shards: u16) -> Self {
        Self { shards, instance: InstanceId::random(), secret: Secret::random() }
    }
}

/// Owner of a shard; every batch must prove its ownership with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    pub epoch: Epoch,
    pub token: OwnerToken,
}

/// Position of a shard: its row in `shards` without the owner. A fresh shard has zeros everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// The last committed batch.
    pub seq: Seq,
    /// Tick of the last batch, and its wall time (R31).
    pub tick: Tick,
    pub wall: WallTime,
    /// High-water mark of wall time (R31).
    pub wall_high: WallTime,
    /// Highest tenant number ever given; a number is never given twice.
    pub last_tenant: TenantNo,
    /// Highest number of an audit event.
    pub last_event: EventNo,
    /// Data from which the next process continues the shard's timeline.
    pub continuity: Continuity,
}

impl Owner {
    /// Reason why this cannot be the owner of a shard, as text; `None`: it can.
    #[must_use]
    pub fn implausible(&self) -> Option<&'static str> {
        (self.epoch.0 < 0 || self.epoch.0 > i64::MAX / 2).then_some("epoch is out of range")
    }
}

impl Position {
    /// Reason why this cannot be the position of a shard, as text; `None`: it can.
    #[must_use]
    pub fn implausible(&self) -> Option<&'static str> {
        let Self { seq, tick, wall, wall_high, last_tenant, last_event, continuity: _ } = *self;
        let latest = WallTime::LAST.0;
        match () {
            () if seq.0 < 0 || seq.0 > i64::MAX / 2 => Some("seq is out of range"),
            () if tick.0 > 2 * latest.unsigned_abs() => Some("tick_ms is beyond the year 9999"),
            // Earlier releases stored the reading of a clock that was far off, so twice the range is accepted.
            () if wall.0.unsigned_abs() > 2 * latest.unsigned_abs() => Some("wall_ms is no time"),
            () if wall_high.0.unsigned_abs() > 2 * latest.unsigned_abs() => Some("wall_high_ms is no time"),
            () if last_event.0 > i64::MAX as u64 / 2 => Some("last_event_no is out of range"),
            // Each tenant number was given together with an event number.
            () if u64::from(last_tenant.0) > last_event.0 => Some("last_tenant_no is above last_event_no"),
            () => None,
        }
    }
}

/// Error of a store or of the connection to it, as text for an operator. Never contains a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

/// Reason why data could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The store does not answer, or refuses to: a later attempt may succeed.
    #[error("{0}")]
    Unavailable(StoreError),
    /// The store answers, but its data is inconsistent; the text names the table and the key. Another attempt does not
    /// help.
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

/// Claimant of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimant {
    /// Fresh for each claim: it distinguishes this claim from every other one.
    pub token: OwnerToken,
    /// The process that claims. `None`: the store belongs to this process alone, or a tool claims.
    pub node: Option<NodeRef>,
}

impl From<OwnerToken> for Claimant {
    fn from(token: OwnerToken) -> Self {
        Self { token, node: None }
    }
}

/// Reason why a claim failed.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// Another owner has the shard. The value is the shard's last batch at the moment when it was claimed over `over`,
    /// or over an earlier attempt of the same claim, if the store still knows it: no later batch of that owner is, or
    /// will be, in the store.
    #[error("the shard has another owner")]
    Taken(Option<Seq>),
    #[error("the store did not answer: {0}")]
    Unavailable(StoreError),
    /// See [`ReadError::Damaged`].
    #[error("the store is damaged: {0}")]
    Damaged(StoreError),
    /// See [`CommitError::NotWritable`].
    #[error("the store does not accept changes: {0}")]
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

/// Reason why a batch was not committed, or may not have been.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Another owner has the shard, or this batch was committed before. Nothing was written.
    #[error("the fence refused the batch")]
    Fenced,
    /// The store refused the data. Nothing was written, and another attempt does not help.
    #[error("the store refused the batch: {0}")]
    Refused(StoreError),
    /// The store refuses all such changes, whatever the data: a privilege is missing, a table has another name, a
    /// trigger fails, or the store is read-only. Nothing was written. Another attempt succeeds once an operator has
    /// repaired it.
    #[error("the store cannot take this batch: {0}")]
    NotWritable(StoreError),
    /// Either nothing was written, or everything: only another claim, which reads `seq`, can tell.
    #[error("the outcome of the batch is unknown: {0}")]
    Unknown(StoreError),
    /// See [`ReadError::Damaged`]. Either nothing was written, or everything; this process must not answer any more.
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

/// Query for audit events, newest first; an event must match every field that is set.
#[derive(Debug, Clone)]
pub struct AuditQuery {
    pub shard: ShardId,
    pub tenant: TenantNo,
    /// Only events with a lower number (keyset pagination).
    pub before: Option<EventNo>,
    pub user: Option<UserId>,
    pub pool: Option<PoolId>,
    pub session: Option<SessionId>,
    pub organization: Option<OrganizationId>,
    pub actor: Option<String>,
    pub action: Option<Action>,
    /// `Some(true)`: only denials; `Some(false)`: only other events.
    pub denied: Option<bool>,
    /// [`crate::ledger::change::Reason::code`].
    pub reason: Option<u8>,
    /// Events that stand for at least this many (R21).
    pub count: Option<u32>,
    /// Events whose detail contains exactly this text.
    pub detail: Option<String>,
    /// Events at or after this wall time.
    pub from: Option<WallTime>,
    /// Events before this wall time.
    pub until: Option<WallTime>,
    /// Maximum number of events in the answer.
    pub limit: usize,
}

impl AuditQuery {
    /// Query for all events of a tenant, at most `limit` in one page.
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

/// One page of the answer to an [`AuditQuery`]. The work for a page is bounded, so a page may have few events, or none,
/// without being the last.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AuditPage {
    /// Newest first.
    pub events: Vec<AuditEvent>,
    /// `before` of the query for the next page. `None`: this was the last page.
    pub next: Option<EventNo>,
    /// Number of blocks that were read ([`audit_block`]).
    pub blocks: usize,
}

/// Result of one step of the audit's retention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expired {
    /// Number of events that were deleted.
    pub events: u64,
    /// There may be more to delete.
    pub more: bool,
}

/// A durable store. It makes no decisions and does not read the time.
pub trait Store: Send + Sync + 'static {
    /// Returns the installation record. On the first start, creates it from `wanted`, together with the shards' rows
    /// (epoch 0, the nil token, a zero [`Position`]), in one transaction. If two processes start first at the same
    /// time, both get the same record.
    fn installation(&self, wanted: Installation) -> StoreFuture<'_, Result<Installation, ReadError>>;

    /// Makes `by` the owner of the shard with the next epoch, and returns the owner and the shard's position.
    ///
    /// `over` is the owner that the claim replaces: this process itself in a recovery, the former owner at a start. The
    /// claim fails with [`ClaimError::Taken`] if the shard has neither that owner nor the token of `by` (from an
    /// earlier attempt whose answer was lost). `None` replaces any owner. The claim is a compare-and-set on what was
    /// read: of two claims at the same time one wins, and the other is `Taken`, or is fenced by the epoch of the
    /// winner.
    fn claim(
        &self,
        shard: ShardId,
        over: Option<Owner>,
        by: Claimant,
    ) -> StoreFuture<'_, Result<(Owner, Position), ClaimError>>;

    /// Sends every row of the shard in chunks, as `Put…` changes: tenants, licenses, pools, organizations, users,
    /// seats, sessions, notifications, tokens, license floors, in this order.
    fn load(&self, shard: ShardId, rows: mpsc::Sender<Vec<Change>>) -> StoreFuture<'_, Result<(), ReadError>>;

    /// Like [`Store::load`], for a process that does not own the shard (yet): the owner may go on committing. Everything
    /// is as of one moment: the position, which comes first, and the rows. To end a load that is of no use any more, the
    /// caller drops the future.
    fn load_ahead(&self, shard: ShardId, parts: mpsc::Sender<LoadPart>) -> StoreFuture<'_, Result<(), ReadError>>;

    /// Commits a batch as one transaction behind the fence. The caller must await the future to its end: if it is
    /// dropped, the outcome is unknown until the next claim.
    fn commit(&self, shard: ShardId, owner: Owner, batch: Arc<Batch>) -> StoreFuture<'_, Result<(), CommitError>>;

    /// Reads audit events, newest first: at most [`AuditQuery::limit`], with a bounded amount of work.
    fn audit(&self, query: AuditQuery) -> StoreFuture<'_, Result<AuditPage, StoreError>>;

    /// Deletes at most `max` of the shard's oldest audit events in one transaction. An event may be deleted if its
    /// block, or a later block, was complete `keep` ago, by `now` and also by the shard's high-water mark, so that a
    /// clock that is ahead deletes nothing too early. There is no fence: any process, at any time, deletes the same
    /// events.
    fn expire_audit(
        &self,
        shard: ShardId,
        now: WallTime,
        keep: Duration,
        max: usize,
    ) -> StoreFuture<'_, Result<Expired, StoreError>>;

    /// Checks that the store is still the one that was opened. A process can go on writing into files that were
    /// removed, replaced or truncated, and no restart finds what it wrote there. Commits check this themselves; this
    /// method is for the time between commits.
    fn is_there(&self) -> StoreFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }

    /// Releases the shard if `owner` still owns it: the token becomes nil, the epoch stays. `to`: the node for which it
    /// is meant; a store that belongs to one process ignores it. Returns whether this call released it; false: `owner`
    /// does not own it any more, or released it before.
    fn release(&self, shard: ShardId, owner: Owner, to: Option<NodeRef>) -> StoreFuture<'_, Result<bool, StoreError>>;

    /// Finishes all jobs that were submitted, and closes every connection.
    fn close(&self) -> StoreFuture<'_, ()>;
}
