//! A thread that owns a database connection and runs jobs one after the other.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use tokio::sync::oneshot;

use super::database::Database;
use crate::store::{StoreError, StoreFuture};

/// Beside threads that run as others do: a tenth of their share.
#[cfg(target_os = "linux")]
const READERS_NICE: i32 = 10;

type Job = Box<dyn FnOnce(&mut Database) + Send>;

/// `None`: stopped.
pub struct Worker(Mutex<Option<Running>>);

struct Running {
    jobs: Sender<Job>,
    thread: JoinHandle<()>,
}

/// Exports and pages of the audit leave the processors to logins. Elsewhere only a whole process can do that.
fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(READERS_NICE) {
        tracing::debug!(%error, "reading threads are as urgent as all others");
    }
}

impl Worker {
    /// # Panics
    /// When the operating system has no thread left.
    pub fn start(name: &str, mut database: Database) -> Self {
        let (jobs, waiting) = channel::<Job>();
        let thread = Builder::new()
            .name(name.into())
            .spawn(move || {
                if database.only_reads() {
                    step_back();
                }
                for job in waiting {
                    job(&mut database);
                    database.renew_log();
                }
            })
            .expect("a thread for the store");
        Self(Mutex::new(Some(Running { jobs, thread })))
    }

    /// Hands the job over at once; it runs whether or not somebody waits for its answer.
    pub fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Database) -> T + Send + 'static,
    ) -> StoreFuture<'static, Result<T, StoreError>> {
        let (answer, waiting) = oneshot::channel();
        let job: Job = Box::new(move |database| {
            let answered = job(database);
            // Before anybody hears of it: what is done to the files from then on is not this process's work.
            database.note();
            // Nobody waits any more: that changes nothing.
            let _ = answer.send(answered);
        });
        if let Some(running) = &*self.running() {
            // Fails only when the thread is gone, and then the answer is, too.
            let _ = running.jobs.send(job);
        }
        Box::pin(async { waiting.await.map_err(|_| StoreError("the store is closed".into())) })
    }

    /// Finishes what was handed over, and closes the connection.
    pub async fn stop(&self) {
        let Some(running) = self.running().take() else { return };
        drop(running.jobs);
        // Waits for a thread: not on one of the runtime's.
        let _ = tokio::task::spawn_blocking(|| running.thread.join()).await;
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
