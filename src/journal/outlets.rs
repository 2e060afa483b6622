//! Where a writer shows what it does.

use std::sync::Arc;

use tokio::sync::watch;

use super::ShardState;
use super::feed::Ring;
use super::stats::Stats;
use crate::ids::ShardId;

pub(super) struct Outlets {
    pub states: watch::Sender<ShardState>,
    pub ring: Arc<Ring>,
    pub stats: Arc<Stats>,
}

impl Outlets {
    pub fn state(&self) -> ShardState {
        *self.states.borrow()
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
