//! Loads a shard again, after a panic or after rows that the store refused. Nothing is decided during a load. Callers
//! wait for it as they wait for a commit, and are refused at once when it takes too long.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Sleep;

use super::Writer;
use crate::journal::recovery::load;
use crate::journal::{COMMIT_STALL_TIMEOUT, ShardState};
use crate::ledger::Ledger;
use crate::store::{ReadError, StoreError};

/// Longest pause before a load when the store refused rows several times in a row.
const MAX_REFUSALS_PAUSE: Duration = Duration::from_secs(4);

/// A load in progress. It continues until the store answers; an error means that the store is damaged.
pub(super) struct Loading {
    ledger: Pin<Box<dyn Future<Output = Result<Ledger, StoreError>> + Send>>,
    /// Elapses when the load takes too long; `None`: it has elapsed.
    stall_timer: Option<Pin<Box<Sleep>>>,
    /// Notified when an attempt has failed.
    failed: Arc<Notify>,
}

/// Returns the loaded ledger. `None`: an attempt has failed, or (once) the load takes too long. Safe to cancel: the
/// load stays in `loading` and continues with the next call.
pub(super) async fn loaded(loading: &mut Option<Loading>) -> Option<Result<Ledger, StoreError>> {
    let Some(load) = loading else { return std::future::pending().await };
    let stalled = async {
        match &mut load.stall_timer {
            Some(stall_timer) => stall_timer.await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        ledger = &mut load.ledger => Some(ledger),
        () = load.failed.notified() => None,
        () = stalled => {
            load.stall_timer = None;
            None
        }
    }
}

impl Writer {
    /// After a panic: loads the shard again once all sound changes are durable.
    pub(super) fn reload_if_broken(&mut self) {
        if self.broken && self.loading.is_none() && self.in_flight.is_none() && self.open_batch.is_empty() {
            self.load_again(Duration::ZERO);
        }
    }

    /// After refused rows: loads the shard again, with pauses if it happens repeatedly. A bug's rows are refused once.
    pub(super) fn load_after_refusal(&mut self) {
        self.mark_for_reload();
        self.row_refusals = self.row_refusals.saturating_add(1);
        let again = self.row_refusals - 1;
        if again == 0 {
            return self.load_again(Duration::ZERO);
        }
        self.status.set_state(ShardState::StoreRefuses);
        let pause = Duration::from_millis(250).saturating_mul(1 << (again - 1).min(8));
        self.load_again(pause.min(MAX_REFUSALS_PAUSE));
    }

    /// Replaces the state in memory by what is durable. There must be no batch in flight, and the open batch must be
    /// empty.
    fn load_again(&mut self, wait: Duration) {
        self.status.slot.stats.reloads.fetch_add(1, Relaxed);
        let (store, shard, position, config) = (Arc::clone(&self.store), self.shard, self.position, self.config);
        let (clock, timeline, slot) = (self.clock.clone(), self.timeline, Arc::clone(&self.status.slot));
        let failed = Arc::new(Notify::new());
        let fails = Arc::clone(&failed);
        let ledger = async move {
            tokio::time::sleep(wait).await;
            let mut pause = Duration::from_millis(20);
            loop {
                match load(&*store, shard, &position, timeline.now(&clock), &config).await {
                    Ok(ledger) => return Ok(ledger),
                    Err(ReadError::Damaged(error)) => return Err(error),
                    Err(ReadError::Unavailable(error)) => {
                        tracing::warn!(%shard, %error, "could not load the shard; will retry");
                    }
                }
                // A store that refuses changes keeps its state `StoreRefuses`.
                slot.begins(ShardState::StoreAway, &[ShardState::Serving]);
                fails.notify_one();
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(1));
            }
        };
        let stall_timer = Some(Box::pin(tokio::time::sleep(COMMIT_STALL_TIMEOUT)));
        self.loading = Some(Loading { ledger: Box::pin(ledger), stall_timer, failed });
    }

    pub(super) fn has_loaded(&mut self, loaded: Option<Result<Ledger, StoreError>>) {
        let Some(loaded) = loaded else { return self.stalled("a load") };
        let ledger = match loaded {
            Ok(ledger) => ledger,
            Err(error) => {
                self.loading = None;
                return self.damaged(&error);
            }
        };
        (self.loading, self.ledger, self.broken, self.committed) = (None, ledger, false, None);
        self.serves();
    }
}
