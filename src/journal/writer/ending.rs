//! End of a writer. If another process owns the shard, the writer only answers. Otherwise it finishes what was
//! submitted, makes it durable if the store accepts it, and releases the shard.

use tokio::sync::mpsc;

use super::Writer;
use crate::journal::in_flight::{Progress, progress};
use crate::journal::message::{Message, refuse};
use crate::journal::{JournalError, ShardState};

impl Writer {
    /// Notes that another process owns the shard. Final.
    pub(super) fn lose(&self) {
        if !self.is_lost() {
            tracing::error!(shard = %self.shard, "another process owns this shard; nothing more is answered");
        }
        self.lease.end();
        self.status.set_state(self.shard, ShardState::Lost);
    }

    /// Flushes, releases the shard, and answers all callers that still wait.
    pub(super) async fn end(&mut self, messages: &mut mpsc::Receiver<Message>) {
        while let Some(message) = self.backlog.pop() {
            match self.is_lost() {
                true => refuse(message, JournalError::NotOwner),
                false => self.take(message, self.now()),
            }
        }
        self.ending.send_replace(true);
        if !self.is_lost() {
            self.flush().await;
        }
        // From here on nothing is answered from memory: another process may own the shard soon.
        self.lease.end();
        let error = self.status.end_error();
        self.run_queue.fail(error);
        while let Some(message) = messages.recv().await {
            refuse(message, error);
        }
        for waiter in std::mem::take(&mut self.open_batch.waiters) {
            waiter.fail(error);
        }
        self.status.ring.close();
        if self.is_lost() {
            return;
        }
        if let Err(error) = self.store.release(self.shard, self.owner, None).await {
            tracing::warn!(shard = %self.shard, %error, "the shard was not released; the next start waits until this \
                                                         process is known to be gone");
        }
        self.status.set_state(self.shard, ShardState::Stopped);
    }

    /// Finishes the commands in progress, and commits everything that is in memory only.
    async fn flush(&mut self) {
        self.finish_works().await;
        let was_away = self.is_away();
        self.tick_to_the_end().await;
        self.send_open_batch().await;
        if was_away && !self.is_away() {
            self.tick_to_the_end().await;
            self.send_open_batch().await;
        }
    }

    /// Sends the open batch, and waits until everything sent is durable.
    pub(super) async fn send_open_batch(&mut self) {
        // A batch that is open when the shard is lost is not sent any more; `end` answers its callers.
        while !self.is_lost() {
            if !self.left {
                self.send_if_ready();
            }
            if self.in_flight.is_none() {
                return;
            }
            match progress(&mut self.in_flight).await {
                Progress::Done(outcome) => self.commit_done(outcome),
                Progress::Refused => self.refused(),
                Progress::Stalled => {}
            }
        }
    }
}
