//! Status of a writer, as others see it.

use std::sync::Arc;

use tokio::sync::watch;

use super::session_watch::Ring;
use super::stats::Stats;
use super::{JournalError, ShardState};
use crate::ids::ShardId;

pub(super) struct WriterStatus {
    pub states: watch::Sender<ShardState>,
    pub ring: Arc<Ring>,
    pub stats: Arc<Stats>,
}

impl WriterStatus {
    pub fn state(&self) -> ShardState {
        *self.states.borrow()
    }

    /// Returns whether the shard has another owner, or its store is damaged.
    pub fn is_final(&self) -> bool {
        matches!(self.state(), ShardState::Lost | ShardState::Damaged)
    }

    /// Error for callers that still wait when the writer ends.
    pub fn end_error(&self) -> JournalError {
        match self.state() {
            ShardState::Lost => JournalError::NotOwner,
            ShardState::Damaged => JournalError::StoreAway,
            _ => JournalError::Stopping,
        }
    }

    pub fn set_state(&self, shard: ShardId, state: ShardState) {
        self.states.send_if_modified(|now| {
            let modified = *now != state;
            if modified {
                tracing::info!(%shard, from = ?now, to = ?state, "shard state");
                *now = state;
            }
            modified
        });
    }
}
