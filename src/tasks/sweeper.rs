//! Ends overdue sessions even when no call needs it. No decision depends on it: each one ends overdue sessions first
//! (R18). It keeps displays right in a tenant without calls, and notifies watchers in time.

use std::sync::Arc;
use std::time::Duration;

use super::Tasks;
use crate::journal::Journal;

const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// Starts the task that sends a tick to every shard, once a second.
pub fn sweep(tasks: &Tasks, journal: &Arc<Journal>) {
    let journal = Arc::clone(journal);
    tasks.every("sweeper", SWEEP_INTERVAL, move || {
        journal.tick();
        std::future::ready(())
    });
}
