//! Background tasks: named, stoppable, with a status. A panic ends one run, never the task.

mod license_fetch;
mod notifier;
mod retention;
mod sweeper;
mod token_index;
mod token_use;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;

pub use license_fetch::{LicenseFetcher, fetch_licenses};
pub use notifier::{Deliveries, Notifier, notify};
pub use retention::retain;
pub use sweeper::sweep;
pub use token_index::follow_tokens;
pub use token_use::note_token_use;

/// The background tasks of this process.
#[derive(Debug)]
pub struct Tasks {
    clock: Clock,
    stop: CancellationToken,
    running: TaskTracker,
    statuses: Mutex<Vec<Arc<Status>>>,
}

#[derive(Debug)]
struct Status {
    name: &'static str,
    period: Duration,
    runs: AtomicU64,
    panics: AtomicU64,
    /// Time of the end of the last run, or of the task's start, in milliseconds of the monotonic clock.
    last: AtomicU64,
}

/// Status of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskView {
    pub name: &'static str,
    pub period: Duration,
    /// Number of runs that ended, including those that panicked.
    pub runs: u64,
    pub panics: u64,
    /// Time since the end of the last run.
    pub age: Duration,
}

impl Tasks {
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, stop: CancellationToken::new(), running: TaskTracker::new(), statuses: Mutex::default() }
    }

    /// Calls `run` at once and then once per `period`, counted from the start of the last run, until the tasks are
    /// stopped. A late run is not compensated by extra runs.
    pub fn every<R: Future<Output = ()> + Send>(
        &self,
        name: &'static str,
        period: Duration,
        run: impl Fn() -> R + Send + Sync + 'static,
    ) {
        let status = Arc::new(Status {
            name,
            period,
            runs: AtomicU64::new(0),
            panics: AtomicU64::new(0),
            last: AtomicU64::new(self.now()),
        });
        self.statuses.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&status));
        let (stop, clock) = (self.stop.clone(), self.clock.clone());
        self.running.spawn(async move {
            let mut ticks = tokio::time::interval(period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    _ = ticks.tick() => {}
                }
                if AssertUnwindSafe(async { run().await }).catch_unwind().await.is_err() {
                    status.panics.fetch_add(1, Ordering::Relaxed);
                }
                status.runs.fetch_add(1, Ordering::Relaxed);
                status.last.store(millis(clock.monotonic()), Ordering::Relaxed);
            }
        });
    }

    /// Status of every task.
    #[must_use]
    pub fn status(&self) -> Vec<TaskView> {
        let now = self.now();
        let statuses = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        let view = |status: &Arc<Status>| TaskView {
            name: status.name,
            period: status.period,
            runs: status.runs.load(Ordering::Relaxed),
            panics: status.panics.load(Ordering::Relaxed),
            age: Duration::from_millis(now.saturating_sub(status.last.load(Ordering::Relaxed))),
        };
        statuses.iter().map(view).collect()
    }

    /// Waits for the runs in progress, and starts no more.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.running.close();
        self.running.wait().await;
    }

    fn now(&self) -> u64 {
        millis(self.clock.monotonic())
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::time::WallTime;
    use tokio::sync::mpsc;

    #[tokio::test(start_paused = true)]
    async fn a_task_runs_once_a_period_and_a_panic_ends_one_run_only() {
        let (clock, manual) = Clock::manual(WallTime(0));
        let tasks = Tasks::new(clock);
        let (ran, mut runs) = mpsc::unbounded_channel();
        tasks.every("counter", Duration::from_secs(1), move || {
            let _ = ran.send(());
            async { panic!("as it was told") }
        });
        for _ in 0..3 {
            runs.recv().await.unwrap();
        }
        tasks.stop().await;
        assert!(runs.recv().await.is_none(), "the task is gone, and what it held");
        manual.advance(Duration::from_secs(7));
        let status = tasks.status();
        let (period, age) = (Duration::from_secs(1), Duration::from_secs(7));
        assert_eq!(status, [TaskView { name: "counter", period, runs: 3, panics: 3, age }]);
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_waits_for_the_run_that_is_under_way() {
        let tasks = Arc::new(Tasks::new(Clock::manual(WallTime(0)).0));
        let (begun, mut begins) = mpsc::unbounded_channel();
        let (ended, mut ends) = mpsc::unbounded_channel();
        tasks.every("slow", Duration::from_secs(1), move || {
            let _ = begun.send(());
            let ended = ended.clone();
            async move {
                tokio::time::sleep(Duration::from_secs(60)).await;
                let _ = ended.send(());
            }
        });
        begins.recv().await.unwrap();
        tasks.stop().await;
        assert!(ends.try_recv().is_ok(), "the run had ended when the tasks had stopped");
    }
}
