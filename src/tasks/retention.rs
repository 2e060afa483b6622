//! Deletes audit events that are older than `--audit-retention`, a few at a time and with pauses, so that check-outs
//! are hardly delayed. An interrupted run needs no state: the next run continues.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Tasks, millis};
use crate::clock::Clock;
use crate::journal::Journal;

const STEP_INTERVAL: Duration = Duration::from_secs(1);
/// Events deleted in one step in each shard; this takes a few milliseconds, for which a batch may have to wait.
const STEP_EVENTS: usize = 400;
/// Pause after a step, as a multiple of its length: deletion takes at most a tenth of the store's time.
const PAUSE_FACTOR: u32 = 9;
/// Maximum length of a run: a stop waits for it.
const MAX_RUN_TIME: Duration = Duration::from_secs(1);
/// Time until the next run when nothing was left to delete.
const IDLE_DELAY: Duration = Duration::from_secs(60 * 60);
/// Time until the next run when the store did not answer.
const STORE_RETRY_DELAY: Duration = Duration::from_secs(60);

/// Starts the task that deletes audit events older than `keep`.
pub fn retain(tasks: &Tasks, journal: &Arc<Journal>, clock: &Clock, keep: Duration) {
    let (journal, clock) = (Arc::clone(journal), clock.clone());
    // Time of the next run, in milliseconds of the monotonic clock.
    let due = Arc::new(AtomicU64::new(0));
    tasks.every("audit retention", STEP_INTERVAL, move || {
        let (journal, clock, due) = (Arc::clone(&journal), clock.clone(), Arc::clone(&due));
        async move {
            let start = clock.monotonic();
            if millis(start) < due.load(Ordering::Relaxed) {
                return;
            }
            if let Some(pause) = run(&journal, &clock, keep, start).await {
                due.store(millis(clock.monotonic() + pause), Ordering::Relaxed);
            }
        }
    });
}

/// Deletes step by step until the time of a run is over. Returns the pause until the next run; `None`: there is more to
/// delete.
async fn run(journal: &Journal, clock: &Clock, keep: Duration, start: Duration) -> Option<Duration> {
    while clock.monotonic() < start + MAX_RUN_TIME {
        let begun = clock.monotonic();
        match journal.expire_audit(clock.wall(), keep, STEP_EVENTS).await {
            Ok(true) => {}
            Ok(false) => return Some(IDLE_DELAY),
            Err(error) => {
                tracing::warn!(%error, "old audit events were not deleted; will retry in a minute");
                return Some(STORE_RETRY_DELAY);
            }
        }
        tokio::time::sleep((clock.monotonic() - begun) * PAUSE_FACTOR).await;
    }
    None
}
