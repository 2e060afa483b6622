//! End of a writer. If the shard is lost, the writer only informs its callers of what became of their calls. Otherwise it
//! finishes what was taken, makes it durable if the store accepts it, and releases the shard.

use tokio::sync::mpsc;

use super::Writer;
use crate::journal::in_flight::{Progress, progress};
use crate::journal::message::{Leave, Left, Message, refuse};
use crate::journal::{JournalError, ShardState};
use crate::store::Owner;
use crate::store::nodes::NodeRef;

impl Writer {
    /// Notes that another process owns the shard. Final for this writer.
    pub(super) fn lose(&self) {
        self.lease.end();
        if self.is_lost() {
            return;
        }
        match self.status.slot.alone {
            true => tracing::error!(shard = %self.shard, "another process owns this shard; nothing more is answered"),
            false => tracing::warn!(shard = %self.shard, "another node owns this shard now"),
        }
        self.status.slot.lose();
    }

    /// Ends the writer as `leave` says, or, without it, because the shard is lost or nobody can call any more.
    pub(super) async fn leave(&mut self, leave: Option<Leave>, messages: &mut mpsc::Receiver<Message>) {
        let (to, then, reply) = match leave {
            Some(leave) => (leave.to, leave.then, Some(leave.reply)),
            None if self.status.slot.alone => (None, ShardState::Stopped, None),
            None => (None, ShardState::Elsewhere, None),
        };
        let released = self.end(messages, to).await;
        if !self.is_lost() {
            self.status.slot.end(then);
        }
        self.status.slot.stats.clock_behind_ms.store(0, std::sync::atomic::Ordering::Relaxed);
        if let Some(reply) = reply {
            let _ = reply.send(Left { released, written: self.has_written_all() });
        }
    }

    /// Flushes, answers all callers that still wait, and releases the shard. Returns the owner as which it was
    /// released; `None`: it is lost.
    async fn end(&mut self, messages: &mut mpsc::Receiver<Message>, to: Option<NodeRef>) -> Option<Owner> {
        while !self.is_lost()
            && let Some(message) = self.backlog.pop()
        {
            self.take(message, self.now());
        }
        self.ending.send_replace(true);
        if !self.is_lost() {
            self.flush().await;
        }
        // From here on nothing is answered from memory: another process may own the shard soon.
        self.lease.end();
        self.refuse_newcomers(messages).await;
        self.await_last_batch().await;
        self.refuse_rest();
        self.status.followers.close();
        self.status.ring.close();
        match self.status.state() {
            // Another process may be able to load what this one could not.
            ShardState::Damaged if !self.status.slot.alone => {
                self.release(None).await;
                None
            }
            state if state.is_held() => self.release(to).await,
            _ => None,
        }
    }

    /// Refuses what was never applied.
    async fn refuse_newcomers(&mut self, messages: &mut mpsc::Receiver<Message>) {
        let error = self.status.end_error();
        while let Some(message) = self.backlog.pop() {
            refuse(message, error);
        }
        while let Some(message) = messages.recv().await {
            refuse(message, error);
        }
    }

    /// Waits for the outcome of the batch in flight, so that its callers learn it. There is one only if the shard was
    /// lost: a flush has waited for it.
    async fn await_last_batch(&mut self) {
        while self.in_flight.is_some() {
            if let Progress::Done(outcome) = progress(&mut self.in_flight).await {
                self.commit_done(outcome);
            }
        }
    }

    /// Answers the callers whose commands or reads were begun, and whose changes were not sent to the store.
    fn refuse_rest(&mut self) {
        let error = self.status.end_error();
        match error {
            JournalError::NotApplied(shard) => self.run_queue.leave(shard, self.last_durable),
            error => self.run_queue.fail(error),
        }
        for waiter in std::mem::take(&mut self.open_batch.waiters) {
            waiter.fail(error);
        }
    }

    /// Releases the shard. If the answer of the store is lost, it counts as released: this process answers nothing more
    /// in any case.
    async fn release(&mut self, to: Option<NodeRef>) -> Option<Owner> {
        match self.store.release(self.shard, self.owner, to).await {
            Ok(true) => {}
            Ok(false) => tracing::warn!(shard = %self.shard, "another process owned the shard when it was released"),
            Err(error) => {
                tracing::warn!(shard = %self.shard, %error, "it is not known whether the shard was released; if \
                                                                       not, the next owner waits until this process is \
                                                                       known to be gone")
            }
        }
        Some(self.owner)
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
