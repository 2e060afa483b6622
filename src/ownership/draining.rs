//! How a node that is about to end hands its shards over (C7), and learns where they are, so that calls that wait here
//! can go on.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{Ownership, Progress};
use crate::ids::ShardId;
use crate::store::nodes::NodeState;

/// Longest time until this node knows who has taken a shard that it has released: whoever sees it takes it after 2
/// seconds.
const ARRIVAL_TIMEOUT: Duration = Duration::from_secs(3);

impl Ownership {
    /// Hands every shard over to other nodes, for at most `wait`. Without an active one it returns at once; the journal's
    /// stop then releases the shards to nobody in particular. Afterwards this node knows where the shards are, so that
    /// calls that wait here for one of them can go on.
    pub async fn drain(&self, wait: Duration) {
        let until = Instant::now() + wait;
        self.node.drain();
        self.draining.send_replace(Some(self.clock.boot_time() + wait));
        self.ahead.clear();
        let left = timeout_at(
            until,
            self.while_there_are_others(|progress| progress.releasing > 0 || !self.held().is_empty()),
        );
        if left.await.is_err() {
            tracing::warn!(shards = self.held().len(), "not every shard was handed over in time");
            return;
        }
        let until = until.min(Instant::now() + ARRIVAL_TIMEOUT);
        let has_no_owner = |shard: ShardId| self.owners.of(shard).node.is_none();
        let arrived = timeout_at(until, self.while_there_are_others(|_| self.node.shards().iter().any(has_no_owner)));
        if arrived.await.is_err() {
            tracing::warn!("it is not known who has taken every shard");
        }
    }

    /// Waits as long as this is true, and as there is another node to which shards can go.
    async fn while_there_are_others(&self, goes_on: impl Fn(&Progress) -> bool) {
        let mut progress = self.progress.subscribe();
        while self.has_successors() && goes_on(&progress.borrow_and_update()) {
            if progress.changed().await.is_err() {
                return;
            }
        }
    }

    fn has_successors(&self) -> bool {
        let views = self.node.views();
        let view = views.borrow();
        view.living().any(|row| Some(row.node) != view.me && row.state == NodeState::Active)
    }
}
