//! What the owner of a shard does before it releases it to another node: the successor loads the shard ahead, and what
//! the owner has in memory only is written, while the shard is served (C7). Whatever comes of it, the shard is released.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use super::outbox::Outbox;
use crate::cluster::MAX_RELEASES;
use crate::ids::{NodeId, ShardId};
use crate::journal::Journal;

/// Longest time for one shard, if nothing presses.
const MAX_TIME: Duration = Duration::from_secs(10);

/// Prepares releases.
pub(super) struct Preparing {
    journal: Arc<Journal>,
    outbox: Arc<dyn Outbox>,
}

impl Preparing {
    pub fn new(journal: Arc<Journal>, outbox: Arc<dyn Outbox>) -> Arc<Self> {
        Arc::new(Self { journal, outbox })
    }

    /// Prepares the release of a shard, for at most `time`. Most of it is the successor's: its load takes longer than
    /// anything else. The owner writes after that, because whatever it writes earlier is less by then.
    pub async fn prepare(&self, shard: ShardId, to: NodeId, time: Duration) {
        let until = Instant::now() + time;
        if let Some(link) = self.outbox.link() {
            match timeout(time * 3 / 4, link.prepare(to, shard)).await {
                Ok(true) => {}
                Ok(false) => tracing::info!(%shard, node = %to, "the shard's next owner does not load it ahead"),
                Err(_) => tracing::info!(%shard, node = %to, "the shard's next owner did not load it ahead in time"),
            }
        }
        if timeout_at(until, self.journal.prepare_release(shard)).await.is_err() {
            tracing::info!(%shard, "what is in memory only was not written before the release");
        }
    }
}

/// Time to prepare the release of one of `shards` that must leave within `left` (`None`: nothing presses), some at a
/// time. The other half of that time is for the releases.
pub(super) fn time_for_each(shards: usize, left: Option<Duration>) -> Duration {
    let rounds = u32::try_from(shards.div_ceil(MAX_RELEASES)).unwrap_or(u32::MAX).max(1);
    left.map_or(MAX_TIME, |left| (left / 2 / rounds).min(MAX_TIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shard_leaves_in_time() {
        let seconds = Duration::from_secs;
        assert_eq!(time_for_each(16, None), seconds(10));
        assert_eq!(time_for_each(16, Some(seconds(8))), seconds(1), "four rounds, each with as much for its releases");
        assert_eq!(time_for_each(4, Some(seconds(8))), seconds(4));
        assert_eq!(time_for_each(5, Some(seconds(8))), seconds(2));
        assert_eq!(time_for_each(1, Some(seconds(60))), seconds(10));
        assert_eq!(time_for_each(0, Some(seconds(8))), seconds(4));
        assert_eq!(time_for_each(16, Some(seconds(0))), seconds(0));
    }
}
