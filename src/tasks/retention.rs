//! Deletes the audit events that were kept for long enough (`--audit-retention`), a few at a time and with pauses, so
//! that check-outs beside it hardly notice. What is broken off is gone on with: nothing needs to be remembered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Tasks, millis};
use crate::clock::Clock;
use crate::journal::Journal;

const STEP_INTERVAL: Duration = Duration::from_secs(1);
/// Events that are deleted at once in each shard: a few milliseconds, for which a batch may have to wait.
const STEP_EVENTS: usize = 400;
/// After a step there is a pause of so many times its length: a tenth of the store's time at most.
const PAUSE_FACTOR: u32 = 9;
/// How long a run may go on: a stop waits for it.
const RUN: Duration = Duration::from_secs(1);
/// How long nothing is looked for where nothing was left to delete.
const NOTHING_LEFT: Duration = Duration::from_secs(60 * 60);
/// How long a store is left alone that did not answer.
const NO_ANSWER: Duration = Duration::from_secs(60);

/// Deletes audit events once they were kept for `keep`.
pub fn retain(tasks: &Tasks, journal: &Arc<Journal>, clock: &Clock, keep: Duration) {
    let (journal, clock) = (Arc::clone(journal), clock.clone());
    // By the monotonic clock, in milliseconds.
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

/// Answers how long to leave it then; `None`: there is more to do.
async fn run(journal: &Journal, clock: &Clock, keep: Duration, start: Duration) -> Option<Duration> {
    while clock.monotonic() < start + RUN {
        let begun = clock.monotonic();
        match journal.expire_audit(clock.wall(), keep, STEP_EVENTS).await {
            Ok(true) => {}
            Ok(false) => return Some(NOTHING_LEFT),
            Err(error) => {
                tracing::warn!(%error, "old audit events were not deleted; trying again in a minute");
                return Some(NO_ANSWER);
            }
        }
        tokio::time::sleep((clock.monotonic() - begun) * PAUSE_FACTOR).await;
    }
    None
}
