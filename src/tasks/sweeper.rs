//! Ends what is overdue without anybody asking. Nothing depends on it: every decision ends overdue leases first
//! (R18). It makes the displays right in a quiet tenant, and tells watchers in time.

use std::sync::Arc;
use std::time::Duration;

use super::Tasks;
use crate::journal::Journal;

const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// Lets time pass in every shard, once a second.
pub fn sweep(tasks: &Tasks, journal: &Arc<Journal>) {
    let journal = Arc::clone(journal);
    tasks.every("sweeper", SWEEP_INTERVAL, move || {
        journal.tick();
        std::future::ready(())
    });
}
