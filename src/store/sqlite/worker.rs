//! A thread that owns a database connection and runs jobs one after the other.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use tokio::sync::oneshot;

use super::database::Database;
use crate::store::{StoreError, StoreFuture};

/// Niceness of reading threads: next to normal threads they get a tenth of the share.
#[cfg(target_os = "linux")]
const READERS_NICE: i32 = 10;

type Job = Box<dyn FnOnce(&mut Database) + Send>;

/// `None`: stopped.
pub struct Worker(Mutex<Option<Running>>);

struct Running {
    jobs: Sender<Job>,
    thread: JoinHandle<()>,
}

/// Lowers the thread's priority, so that exports and audit pages leave the processors to logins. On other systems only
/// a whole process has a priority.
fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(READERS_NICE) {
        tracing::debug!(%error, "could not lower the priority of reading threads");
    }
}

impl Worker {
    /// # Panics
    /// The operating system cannot start another thread.
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

    /// Submits the job, which runs even if the caller stops waiting for its answer.
    pub fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Database) -> T + Send + 'static,
    ) -> StoreFuture<'static, Result<T, StoreError>> {
        let (answer, waiting) = oneshot::channel();
        let job: Job = Box::new(move |database| {
            let answered = job(database);
            // Recorded before the answer: any later change of the files is not this process's work.
            database.note();
            // An error means that the caller no longer waits, which changes nothing.
            let _ = answer.send(answered);
        });
        if let Some(running) = &*self.running() {
            // Fails only if the thread has ended; then the answer is an error, too.
            let _ = running.jobs.send(job);
        }
        Box::pin(async { waiting.await.map_err(|_| StoreError("the store is closed".into())) })
    }

    /// Finishes all submitted jobs, and closes the connection.
    pub async fn stop(&self) {
        let Some(running) = self.running().take() else { return };
        drop(running.jobs);
        // Joining a thread blocks, so it must not happen on a thread of the runtime.
        let _ = tokio::task::spawn_blocking(|| running.thread.join()).await;
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
