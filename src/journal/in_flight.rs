//! A batch on its way to the store, and what becomes of it.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use tokio::sync::{Notify, watch};

use super::ShardState;
use super::batch::Waiter;
use super::recovery::{CommitOutcome, StoreTrouble};
use super::stats::Stats;
use crate::ids::ShardId;
use crate::spans::{self, TracedCommand};
use crate::store::{Batch, Position};

pub(super) type Commit = Pin<Box<dyn Future<Output = CommitOutcome> + Send>>;

/// A batch on its way.
pub(super) struct InFlight {
    /// Polled by the loop itself, which keeps it to its end: a task of its own would cost each answer two hand-overs
    /// between threads.
    pub outcome: Commit,
    pub batch: Arc<Batch>,
    /// Where the shard stands if the store refuses it.
    pub before: Position,
    pub waiters: Vec<Waiter>,
    pub commands: usize,
    pub dirty: bool,
    /// When it was sent, on the monotonic clock.
    pub sent: Duration,
    /// The same, for those who trace it.
    pub sent_at: Option<SystemTime>,
    /// Runs out when the commit takes too long; `None`: it has.
    pub stall_timer: Option<Pin<Box<tokio::time::Sleep>>>,
    /// The store has refused it, and it waits to be sent again.
    pub refused: Arc<Notify>,
}

/// What can be said of a batch in flight.
pub(super) enum Progress {
    Done(CommitOutcome),
    /// It takes too long. Said once.
    Stalled,
    /// The store takes it not now. Said with each attempt.
    Refused,
}

impl InFlight {
    /// What is traced of it, now that its outcome is known. Taken out before anybody is answered, and told after: nobody
    /// waits for it.
    pub fn traced(&mut self, shard: ShardId, failed: bool) -> Option<(Vec<TracedCommand>, spans::Batch)> {
        let (sent, committed) = (self.sent_at?, spans::now()?);
        let works = self.waiters.iter_mut().filter_map(Waiter::work).map(|work| *work).collect();
        Some((works, spans::Batch { shard: shard.0, commands: self.commands, sent, committed, failed }))
    }
}

/// What becomes of a commit. An unwinding is a bug in a store: what it did is unknown, so this process must not go on
/// answering.
pub(super) fn outcome(commit: impl Future<Output = CommitOutcome> + Send + 'static) -> Commit {
    Box::pin(AssertUnwindSafe(commit).catch_unwind().map(|outcome| {
        outcome.unwrap_or_else(|_| {
            tracing::error!("a commit panicked");
            CommitOutcome::Lost { committed: false }
        })
    }))
}

/// Shows trouble with the store: once a batch, and not again with each attempt.
pub(super) fn trouble(
    shard: ShardId,
    states: watch::Sender<ShardState>,
    stats: Arc<Stats>,
    refused: Arc<Notify>,
) -> impl Fn(StoreTrouble) {
    let begins = move |state| states.send_if_modified(|now| std::mem::replace(now, state) != state);
    move |trouble| match trouble {
        StoreTrouble::Away(error) if begins(ShardState::StoreAway) => {
            stats.recoveries.fetch_add(1, Relaxed);
            tracing::warn!(%shard, %error, "the store does not answer; asking what became of a batch");
        }
        StoreTrouble::Away(error) => tracing::debug!(%shard, %error, "the store does not answer yet"),
        StoreTrouble::Refuses(error) => {
            stats.refusals.fetch_add(1, Relaxed);
            if begins(ShardState::StoreRefuses) {
                tracing::error!(%shard, %error, "the store takes no changes; trying again until it does");
            } else {
                tracing::debug!(%shard, %error, "the store takes no changes yet");
            }
            refused.notify_one();
        }
    }
}

/// The outcome of the batch in flight, or what delays it. Safe to cancel: it stays where it is.
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
