//! Errors of the journal.

use crate::ids::ShardId;
use crate::store::StoreError;

/// Reason why a command or query has no answer. Nothing was decided, or the outcome is not known. The caller may try
/// again, except where the outcome is not known and the command must not be carried out twice.
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
    /// This process does not hold the shard. Nothing was decided, or what was decided is not in the store and never
    /// will be: the same call may be sent to the shard's owner.
    #[error("this process does not hold shard {0}; nothing was applied")]
    NotApplied(ShardId),
    /// The shard was taken away around a commit, and the store no longer tells what became of it; or it was taken away
    /// from a command of several steps, some of which are durable. A command that must not be carried out twice must
    /// not be sent again.
    #[error("shard {0} was taken away around a commit; whether it was applied is not known")]
    OutcomeUnknown(ShardId),
    /// Not answered: it was decided in memory, and the store has not confirmed for three seconds that this process owns
    /// the shard. Another process may own it by now, and may be asked the same.
    #[error("this process does not know whether it still owns shard {0}")]
    NoLease(ShardId),
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

/// Reason why a shard was not opened.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("another process claimed shard {0} first")]
    Taken(ShardId),
    /// The rows in the store contradict each other or have impossible values.
    #[error("shard {0}: {1}")]
    Damaged(ShardId, StoreError),
    /// The shard is open in this process already.
    #[error("this process holds shard {0} already")]
    Held(ShardId),
    /// The journal is being stopped; it opens nothing more.
    #[error("the service is stopping")]
    Stopping,
}
