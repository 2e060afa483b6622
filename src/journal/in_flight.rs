//! The batch that is being committed, and its outcome.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use tokio::sync::Notify;

use super::ShardState;
use super::batch::Waiter;
use super::recovery::{CommitOutcome, LastBatch, StoreFailure};
use super::slot::Slot;
use crate::ids::ShardId;
use crate::spans::{self, TracedCommand};
use crate::store::{Batch, Position};

pub(super) type Commit = Pin<Box<dyn Future<Output = CommitOutcome> + Send>>;

/// A batch that was sent to the store.
pub(super) struct InFlight {
    /// Polled by the writer's loop until it ends: a task of its own would cost each answer two switches between
    /// threads.
    pub outcome: Commit,
    pub batch: Arc<Batch>,
    /// Position of the shard if the store refuses the batch.
    pub before: Position,
    pub waiters: Vec<Waiter>,
    pub commands: usize,
    pub dirty: bool,
    /// Time at which it was sent, on the monotonic clock.
    pub sent: Duration,
    /// The same as wall time, if traces are exported.
    pub sent_at: Option<SystemTime>,
    /// Elapses when the commit takes too long; `None`: it has elapsed.
    pub stall_timer: Option<Pin<Box<tokio::time::Sleep>>>,
    /// Notified when the store has refused the batch; the batch is sent again later.
    pub refused: Arc<Notify>,
}

/// Progress of the batch in flight.
pub(super) enum Progress {
    Done(CommitOutcome),
    /// The commit takes too long. Reported once per batch.
    Stalled,
    /// The store refuses changes at present. Reported with each attempt.
    Refused,
}

impl InFlight {
    /// Takes the traces of all calls in the batch, now that its outcome is known. They are taken before the callers are
    /// answered, and completed afterward, so that no caller waits for them.
    pub fn traced(&mut self, shard: ShardId, failed: bool) -> Option<(Vec<TracedCommand>, spans::Batch)> {
        let (sent, committed) = (self.sent_at?, spans::now()?);
        let works = self.waiters.iter_mut().filter_map(Waiter::work).map(|work| *work).collect();
        Some((works, spans::Batch { shard: shard.0, commands: self.commands, sent, committed, failed }))
    }
}

/// Wraps a commit. A panic in it is a bug in the store: it is unknown what the commit did, so this process must not go
/// on answering.
pub(super) fn outcome(commit: impl Future<Output = CommitOutcome> + Send + 'static) -> Commit {
    Box::pin(AssertUnwindSafe(commit).catch_unwind().map(|outcome| {
        outcome.unwrap_or_else(|_| {
            tracing::error!("a commit panicked");
            CommitOutcome::Lost(LastBatch::Unknown)
        })
    }))
}

/// Makes the callback for failures of a commit. It sets the shard's state, and logs a warning or an error when the
/// state changes; further failures in the same state are logged at debug level.
pub(super) fn on_failure(slot: Arc<Slot>, refused: Arc<Notify>) -> impl Fn(StoreFailure) {
    let (shard, stats) = (slot.shard, Arc::clone(&slot.stats));
    // The state of a shard that was lost meanwhile stays.
    let begins =
        move |state| slot.begins(state, &[ShardState::Serving, ShardState::StoreAway, ShardState::StoreRefuses]);
    move |failure| match failure {
        StoreFailure::Away(error) if begins(ShardState::StoreAway) => {
            stats.recoveries.fetch_add(1, Relaxed);
            tracing::warn!(%shard, %error, "the store does not answer; the outcome of a batch is unknown until it \
                                            does");
        }
        StoreFailure::Away(error) => tracing::debug!(%shard, %error, "the store does not answer yet"),
        StoreFailure::Refuses(error) => {
            stats.refusals.fetch_add(1, Relaxed);
            if begins(ShardState::StoreRefuses) {
                tracing::error!(%shard, %error, "the store does not accept changes; retrying until it does");
            } else {
                tracing::debug!(%shard, %error, "the store does not accept changes yet");
            }
            refused.notify_one();
        }
    }
}

/// Returns the outcome of the batch in flight, or what delays it. Safe to cancel: the batch stays in `in_flight`.
pub(super) async fn progress(in_flight: &mut Option<InFlight>) -> Progress {
    let Some(sent) = in_flight else { return std::future::pending().await };
    let stalled = async {
        match &mut sent.stall_timer {
            Some(stall_timer) => stall_timer.await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        outcome = &mut sent.outcome => Progress::Done(outcome),
        () = sent.refused.notified() => Progress::Refused,
        () = stalled => {
            sent.stall_timer = None;
            Progress::Stalled
        }
    }
}
