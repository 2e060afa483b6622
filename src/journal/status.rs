//! Status of a writer, as others see it.

use std::sync::Arc;

use tokio::sync::watch;

use super::followers::Followers;
use super::session_watch::Ring;
use super::slot::Slot;
use super::{JournalError, ShardState};

pub(super) struct WriterStatus {
    pub slot: Arc<Slot>,
    pub ring: Arc<Ring>,
    pub followers: Arc<Followers>,
    /// A command of several steps is in progress.
    pub busy: watch::Sender<bool>,
}

impl WriterStatus {
    pub fn state(&self) -> ShardState {
        self.slot.state()
    }

    /// Returns whether the shard is gone: it has another owner, or its store is damaged.
    pub fn is_final(&self) -> bool {
        !self.state().is_held()
    }

    /// Error for callers that still wait when the writer ends.
    pub fn end_error(&self) -> JournalError {
        self.slot.refusal()
    }

    pub fn set_state(&self, state: ShardState) {
        self.slot.set_state(state);
    }

    pub fn set_busy(&self, busy: bool) {
        self.busy.send_if_modified(|now| std::mem::replace(now, busy) != busy);
    }
}

/// Reports a panic of the writer: nobody else can tell that it is gone.
pub(super) struct PanicGuard(pub Arc<Slot>);

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.end(ShardState::Failed);
        }
    }
}
