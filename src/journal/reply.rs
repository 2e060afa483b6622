//! Reply channel to the caller, with the call's trace.

use tokio::sync::oneshot;

use super::JournalError;
use crate::spans::TracedCommand;

/// Sends the reply to one command or query.
pub(super) struct ReplyChannel<T> {
    reply: oneshot::Sender<Result<T, JournalError>>,
    /// Present if the call is traced.
    work: Option<Box<TracedCommand>>,
}

impl<T> ReplyChannel<T> {
    /// Makes a reply channel; the caller waits for the receiver of `reply`.
    pub fn new(reply: oneshot::Sender<Result<T, JournalError>>) -> Self {
        Self { reply, work: TracedCommand::queued() }
    }

    /// Notes that the writer has taken the message from the queue.
    pub fn taken(&mut self) {
        if let Some(work) = &mut self.work {
            work.taken();
        }
    }

    /// Sends the answer. The caller may be gone; the decision stands nevertheless.
    pub fn send(self, answer: Result<T, JournalError>) {
        let _ = self.reply.send(answer);
    }

    /// Returns whether the caller no longer waits.
    pub fn is_closed(&self) -> bool {
        self.reply.is_closed()
    }

    /// Takes the trace of the call out, so that the commit can be added to it.
    pub fn work(&mut self) -> Option<Box<TracedCommand>> {
        self.work.take()
    }
}
