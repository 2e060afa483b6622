//! Readiness of the service: a set of reasons for not being ready; the service is serving while it is empty. The gRPC
//! health service and `/readyz` read the same set, so they never disagree.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select_all;
use tokio::sync::watch;

use crate::journal::ShardState;

/// How long a shard may be without its store before the service reports NOT_SERVING. A reconnect that is faster than
/// this is over before a load balancer would have moved anybody.
const STORE_AWAY_TIMEOUT: Duration = Duration::from_secs(5);

/// A reason for which the service is not ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotReadyReason {
    /// The ledger is not loaded yet.
    Loading,
    /// For 3 seconds the store has confirmed neither that this process lives, nor that any other one does that it can
    /// reach: another process may own its shards, and calls for them cannot be sent there.
    NoLease,
    /// A shard is without its store for longer than 5 seconds (`STORE_AWAY_TIMEOUT`).
    StoreAway,
    /// A shard's writer has been in one step for seconds: a defect, or a machine that does not run the process.
    Stuck,
    /// A shard's store refuses changes, until an operator repairs it.
    StoreRefuses,
    /// Another process owns a shard, although this one must serve alone. Permanent: the process is about to end.
    OwnershipLost,
    /// The store, which belongs to this process alone, is inconsistent. Permanent: the process is about to end.
    Damaged,
    /// The store's files are not those that were opened. Ends when those are back.
    StoreReplaced,
    /// A shard's writer is gone, which is a defect. Permanent: the process is about to end.
    Failed,
    /// The process is stopping.
    Draining,
}

impl NotReadyReason {
    const ALL: [NotReadyReason; 10] = [
        NotReadyReason::Loading,
        NotReadyReason::NoLease,
        NotReadyReason::StoreAway,
        NotReadyReason::Stuck,
        NotReadyReason::StoreRefuses,
        NotReadyReason::OwnershipLost,
        NotReadyReason::Damaged,
        NotReadyReason::StoreReplaced,
        NotReadyReason::Failed,
        NotReadyReason::Draining,
    ];

    fn bit(self) -> u16 {
        1 << self as u8
    }
}

impl fmt::Display for NotReadyReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NotReadyReason::Loading => "loading",
            NotReadyReason::NoLease => {
                "no lease: the store has not answered for 3 seconds, and no node that it answers can be reached"
            }
            NotReadyReason::StoreAway => "store away",
            NotReadyReason::Stuck => "a shard is stuck",
            NotReadyReason::StoreRefuses => "store refuses changes",
            NotReadyReason::OwnershipLost => "ownership lost",
            NotReadyReason::Damaged => "store damaged",
            NotReadyReason::StoreReplaced => "store replaced",
            NotReadyReason::Failed => "a shard failed",
            NotReadyReason::Draining => "draining",
        })
    }
}

/// A set of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NotReadyReasons(u16);

impl NotReadyReasons {
    /// True if the set is empty: the service is serving.
    #[must_use]
    pub fn serving(self) -> bool {
        self.0 == 0
    }

    /// True if this reason is set.
    #[must_use]
    pub fn has(self, reason: NotReadyReason) -> bool {
        self.0 & reason.bit() != 0
    }

    /// The reasons that are set, in the order of their declaration.
    pub fn iter(self) -> impl Iterator<Item = NotReadyReason> {
        NotReadyReason::ALL.into_iter().filter(move |reason| self.has(*reason))
    }
}

impl fmt::Display for NotReadyReasons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, reason) in self.iter().enumerate() {
            write!(f, "{}{reason}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// Readiness of the process: modules set and clear reasons, and readers subscribe to them.
#[derive(Debug)]
pub struct Readiness {
    reasons: watch::Sender<NotReadyReasons>,
}

impl Readiness {
    /// Starts as not ready: nothing is served before [`NotReadyReason::Loading`] is cleared.
    #[must_use]
    pub fn loading() -> Arc<Self> {
        Arc::new(Self { reasons: watch::Sender::new(NotReadyReasons(NotReadyReason::Loading.bit())) })
    }

    /// Adds a reason.
    pub fn set(&self, reason: NotReadyReason) {
        self.change(|reasons| reasons.0 | reason.bit());
    }

    /// Removes a reason.
    pub fn clear(&self, reason: NotReadyReason) {
        self.change(|reasons| reasons.0 & !reason.bit());
    }

    /// Adds or removes a reason.
    pub fn set_to(&self, reason: NotReadyReason, present: bool) {
        if present { self.set(reason) } else { self.clear(reason) }
    }

    fn change(&self, change: impl FnOnce(NotReadyReasons) -> u16) {
        self.reasons.send_if_modified(|reasons| {
            let before = std::mem::replace(reasons, NotReadyReasons(change(*reasons)));
            let (changed, now) = (before != *reasons, *reasons);
            match (changed, now.serving()) {
                (false, _) => {}
                (true, true) => tracing::info!("serving"),
                (true, false) => tracing::info!(because = %now, "not serving"),
            }
            changed
        });
    }

    /// The reasons that are set now.
    #[must_use]
    pub fn now(&self) -> NotReadyReasons {
        *self.reasons.borrow()
    }

    /// A receiver that is notified whenever the set changes.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<NotReadyReasons> {
        self.reasons.subscribe()
    }
}

/// Sets and clears reasons from the states of the shards, until the journal is stopped, or the process must end. Shards
/// may come and go: one that is elsewhere is no reason. Loading is not handled here: it ends once, when everything is
/// ready.
///
/// `cells`: the shards of each database. One that is away, or refuses changes, takes only its own shards down, so that is
/// a reason only where it is so of all of them.
///
/// `alone`: the store belongs to this process, so a shard that is damaged is one that nobody serves. On several nodes
/// the other shards go on, and the state of the damaged one stays visible.
pub async fn follow(mut cells: Vec<Vec<watch::Receiver<ShardState>>>, alone: bool, readiness: Arc<Readiness>) {
    loop {
        match of_all(&mut cells, alone) {
            Summary::Lost => return readiness.set(NotReadyReason::OwnershipLost),
            Summary::Damaged => return readiness.set(NotReadyReason::Damaged),
            Summary::Failed => return readiness.set(NotReadyReason::Failed),
            Summary::Stopped => return,
            Summary::Serving => {
                readiness.clear(NotReadyReason::StoreAway);
                readiness.clear(NotReadyReason::StoreRefuses);
                changed(&mut cells).await;
            }
            // At once: a store that refuses changes is unlikely to accept them a moment later.
            Summary::Refuses => {
                readiness.set(NotReadyReason::StoreRefuses);
                changed(&mut cells).await;
            }
            Summary::Away => {
                // Whatever changes meanwhile, the grace counts from when the first shard lost its store.
                let back = async {
                    while of_all(&mut cells, alone) == Summary::Away {
                        changed(&mut cells).await;
                    }
                };
                if tokio::time::timeout(STORE_AWAY_TIMEOUT, back).await.is_err() {
                    readiness.set(NotReadyReason::StoreAway);
                }
            }
        }
    }
}

/// Sets the reason that ends the process as soon as a shard is lost to another process: for a process on a shared store
/// that must serve alone.
pub async fn end_on_loss(mut losses: watch::Receiver<u64>, readiness: Arc<Readiness>) {
    if losses.wait_for(|losses| *losses > 0).await.is_ok() {
        readiness.set(NotReadyReason::OwnershipLost);
    }
}

/// Summary of the states of all shards: the worst one counts, which is the last one here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Summary {
    /// All shards that this process holds.
    Serving,
    /// At least one is without its store.
    Away,
    /// At least one has a store that refuses changes.
    Refuses,
    /// The process is stopping.
    Stopped,
    /// The writer of at least one has panicked.
    Failed,
    /// The store of at least one is inconsistent.
    Damaged,
    /// At least one; it will not come back.
    Lost,
}

/// The summary of all cells: the best one counts, as long as nothing is wrong with this process itself.
fn of_all(cells: &mut [Vec<watch::Receiver<ShardState>>], alone: bool) -> Summary {
    let summaries: Vec<Summary> = cells.iter_mut().map(|shards| summarize(shards, alone)).collect();
    let best = summaries.iter().min().copied();
    let worst = summaries.into_iter().max().filter(|worst| *worst >= Summary::Stopped);
    worst.or(best).unwrap_or(Summary::Serving)
}

fn summarize(shards: &mut [watch::Receiver<ShardState>], alone: bool) -> Summary {
    let summaries = shards.iter_mut().map(|shard| {
        let gone = shard.has_changed().is_err();
        match *shard.borrow_and_update() {
            ShardState::Lost => Summary::Lost,
            ShardState::Damaged if alone => Summary::Damaged,
            ShardState::Failed => Summary::Failed,
            // The journal is gone: nothing more will change.
            _ if gone => Summary::Stopped,
            ShardState::Stopped => Summary::Stopped,
            ShardState::StoreRefuses => Summary::Refuses,
            ShardState::StoreAway => Summary::Away,
            ShardState::Serving | ShardState::Elsewhere | ShardState::Damaged => Summary::Serving,
        }
    });
    summaries.max().unwrap_or(Summary::Serving)
}

/// Waits until a shard's state has changed, or the journal is gone.
async fn changed(cells: &mut [Vec<watch::Receiver<ShardState>>]) {
    let changes = cells.iter_mut().flatten().map(|shard| Box::pin(shard.changed()));
    // An error means that the journal is gone, which is a change, too.
    let _ = select_all(changes).await;
}

#[cfg(test)]
mod tests;
