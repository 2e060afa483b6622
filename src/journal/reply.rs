//! The way back to whoever asked, and what is traced on the way.

use tokio::sync::oneshot;

use super::JournalError;
use crate::spans::TracedCommand;

/// Answers one command or query.
pub(super) struct ReplyChannel<T> {
    reply: oneshot::Sender<Result<T, JournalError>>,
    /// If the call is traced.
    work: Option<Box<TracedCommand>>,
}

impl<T> ReplyChannel<T> {
    /// For a caller who waits at the other end.
    pub fn new(reply: oneshot::Sender<Result<T, JournalError>>) -> Self {
        Self { reply, work: TracedCommand::queued() }
    }

    /// The writer has taken the question from the queue.
    pub fn taken(&mut self) {
        if let Some(work) = &mut self.work {
            work.taken();
        }
    }

    /// The caller may be gone; what was decided stands all the same.
    pub fn send(self, answer: Result<T, JournalError>) {
        let _ = self.reply.send(answer);
    }

    pub fn is_closed(&self) -> bool {
        self.reply.is_closed()
    }

    /// What is traced, to be told of what it waits for.
    pub fn work(&mut self) -> Option<Box<TracedCommand>> {
        self.work.take()
    }
}
