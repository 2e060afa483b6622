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
    /// A live process owns the shards.
    Standby,
    /// The store has not confirmed for 3 seconds that this process lives: another process may own its shards.
    NoLease,
    /// A shard is without its store for longer than 5 seconds (`STORE_AWAY_TIMEOUT`).
    StoreAway,
    /// A shard's writer has been in one step for seconds: a defect, or a machine that does not run the process.
    Stuck,
    /// A shard's store refuses changes, until an operator repairs it.
    StoreRefuses,
    /// Another process owns a shard. Permanent: the process is about to end.
    OwnershipLost,
    /// The store is inconsistent. Permanent: the process is about to end.
    Damaged,
    /// The store's files are not those that were opened. Ends when those are back.
    StoreReplaced,
    /// A shard's writer is gone, which is a defect. Permanent: the process is about to end.
    Failed,
    /// The process is stopping.
    Draining,
}

impl NotReadyReason {
    const ALL: [NotReadyReason; 11] = [
        NotReadyReason::Loading,
        NotReadyReason::Standby,
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
            NotReadyReason::Standby => "standing by: another process owns the shards",
            NotReadyReason::NoLease => {
                "no lease: the store has not answered for 3 seconds, another process may own the shards"
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

/// Sets and clears reasons from the states of the shards, until a shard is lost or all have stopped. Loading is not
/// handled here: it ends once, when everything is ready.
pub async fn follow(mut shards: Vec<watch::Receiver<ShardState>>, readiness: Arc<Readiness>) {
    loop {
        match summarize(&mut shards) {
            Summary::Lost => return readiness.set(NotReadyReason::OwnershipLost),
            Summary::Damaged => return readiness.set(NotReadyReason::Damaged),
            Summary::Failed => return readiness.set(NotReadyReason::Failed),
            Summary::Stopped => return,
            Summary::Serving => {
                readiness.clear(NotReadyReason::StoreAway);
                readiness.clear(NotReadyReason::StoreRefuses);
                changed(&mut shards).await;
            }
            // At once: a store that refuses changes is unlikely to accept them a moment later.
            Summary::Refuses => {
                readiness.set(NotReadyReason::StoreRefuses);
                changed(&mut shards).await;
            }
            Summary::Away => {
                // Whatever changes meanwhile, the grace counts from when the first shard lost its store.
                let back = async {
                    while summarize(&mut shards) == Summary::Away {
                        changed(&mut shards).await;
                    }
                };
                if tokio::time::timeout(STORE_AWAY_TIMEOUT, back).await.is_err() {
                    readiness.set(NotReadyReason::StoreAway);
                }
            }
        }
    }
}

/// Summary of the states of all shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Summary {
    /// All shards.
    Serving,
    /// At least one is without its store.
    Away,
    /// At least one has a store that refuses changes.
    Refuses,
    /// At least one; it will not come back.
    Lost,
    /// At least one, and none is lost: its store is inconsistent.
    Damaged,
    /// The writer of at least one is gone, although nobody stopped it.
    Failed,
    /// At least one, and none is lost: the process is stopping.
    Stopped,
}

fn summarize(shards: &mut [watch::Receiver<ShardState>]) -> Summary {
    let mut worst = Summary::Serving;
    for shard in shards {
        let state = *shard.borrow_and_update();
        match state {
            ShardState::Lost => return Summary::Lost,
            ShardState::Damaged => worst = Summary::Damaged,
            _ if worst == Summary::Damaged => {}
            ShardState::Stopped => worst = Summary::Stopped,
            _ if shard.has_changed().is_err() => return Summary::Failed,
            ShardState::StoreRefuses if worst != Summary::Stopped => worst = Summary::Refuses,
            ShardState::StoreAway if worst == Summary::Serving => worst = Summary::Away,
            ShardState::StoreAway | ShardState::StoreRefuses | ShardState::Serving => {}
        }
    }
    worst
}

/// Waits until a shard's state has changed, or its writer is gone.
async fn changed(shards: &mut [watch::Receiver<ShardState>]) {
    let changes = shards.iter_mut().map(|shard| Box::pin(shard.changed()));
    // An error means that the writer is gone, which is a change, too.
    let _ = select_all(changes).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use ShardState::{Lost, Serving, Stopped, StoreAway, StoreRefuses};

    #[test]
    fn it_serves_when_no_reason_is_left() {
        let readiness = Readiness::loading();
        assert_eq!(readiness.now().to_string(), "loading");
        readiness.set(NotReadyReason::Draining);
        assert_eq!(readiness.now().to_string(), "loading, draining");
        readiness.clear(NotReadyReason::Loading);
        readiness.clear(NotReadyReason::Draining);
        assert!(readiness.now().serving());
    }

    /// A service of two shards, and the readiness that follows from them.
    struct Serving2 {
        shards: Vec<watch::Sender<ShardState>>,
        readiness: Arc<Readiness>,
        observed: watch::Receiver<NotReadyReasons>,
    }

    fn two_shards() -> Serving2 {
        let shards = vec![watch::Sender::new(Serving), watch::Sender::new(Serving)];
        let readiness = Readiness::loading();
        readiness.clear(NotReadyReason::Loading);
        let states = shards.iter().map(watch::Sender::subscribe).collect();
        tokio::spawn(follow(states, Arc::clone(&readiness)));
        let observed = readiness.subscribe();
        Serving2 { shards, readiness, observed }
    }

    /// Lets the follower process the changes.
    async fn let_it_run() {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_is_away_for_a_moment_stays_ready() {
        let service = two_shards();
        let_it_run().await;
        service.shards[1].send_replace(StoreAway);
        let_it_run().await;
        tokio::time::advance(STORE_AWAY_TIMEOUT - Duration::from_millis(1)).await;
        service.shards[1].send_replace(Serving);
        let_it_run().await;
        tokio::time::advance(STORE_AWAY_TIMEOUT * 2).await;
        let_it_run().await;
        assert!(service.readiness.now().serving());
        assert!(!service.observed.has_changed().unwrap(), "it never was an obstacle");
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_stays_away_is_not_ready_until_it_is_back() {
        let mut service = two_shards();
        service.shards[0].send_replace(StoreAway);
        // The other shard loses its store later: the grace does not start again.
        tokio::time::advance(STORE_AWAY_TIMEOUT / 2).await;
        service.shards[1].send_replace(StoreAway);
        service.observed.changed().await.unwrap();
        assert_eq!(service.readiness.now().to_string(), "store away");
        service.shards[0].send_replace(Serving);
        tokio::time::advance(STORE_AWAY_TIMEOUT * 2).await;
        let_it_run().await;
        assert_eq!(service.readiness.now().to_string(), "store away");
        service.shards[1].send_replace(Serving);
        service.observed.wait_for(|reasons| reasons.serving()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_refuses_is_not_ready_at_once_until_it_takes_changes() {
        let mut service = two_shards();
        let_it_run().await;
        service.shards[1].send_replace(StoreRefuses);
        let_it_run().await;
        assert_eq!(service.readiness.now().to_string(), "store refuses changes", "no grace");
        // The shard is away for a moment: that clears nothing.
        service.shards[1].send_replace(StoreAway);
        let_it_run().await;
        assert_eq!(service.readiness.now().to_string(), "store refuses changes");
        service.shards[1].send_replace(Serving);
        service.observed.wait_for(|reasons| reasons.serving()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn lost_ownership_is_not_ready_at_once_and_for_good() {
        for before in [Serving, StoreAway] {
            let mut service = two_shards();
            service.shards[0].send_replace(before);
            let_it_run().await;
            service.shards[0].send_replace(Lost);
            service.observed.wait_for(|reasons| reasons.to_string() == "ownership lost").await.unwrap();
            service.shards[0].send_replace(Serving);
            tokio::time::advance(STORE_AWAY_TIMEOUT * 2).await;
            let_it_run().await;
            assert_eq!(service.readiness.now().to_string(), "ownership lost");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_writer_that_is_gone_without_a_word_has_failed() {
        let mut service = two_shards();
        let_it_run().await;
        service.shards.pop();
        service.observed.wait_for(|reasons| reasons.has(NotReadyReason::Failed)).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn shards_that_stop_are_no_reason_of_their_own() {
        let service = two_shards();
        let_it_run().await;
        service.shards[0].send_replace(Stopped);
        service.shards[1].send_replace(Stopped);
        tokio::time::advance(STORE_AWAY_TIMEOUT * 2).await;
        let_it_run().await;
        assert!(service.readiness.now().serving());
    }
}
