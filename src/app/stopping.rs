//! The order in which everything stops.

use std::time::Duration;

use super::{Running, systemd};
use crate::health::NotReadyReason;

/// Longest time to send the last spans.
const SPAN_FLUSH_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest time to answer the last probes and scrapes of the operations port.
const OPS_DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// Result of a stop that ended within its timeout.
pub(super) struct Ended {
    /// No call was cut off.
    pub drained: bool,
    /// Every submitted change is in the store.
    pub written: bool,
}

impl Running {
    /// Stops everything, in order. The shards get two fifths of `timeout` to leave, calls two to end, and the
    /// flush gets the rest. `None`: not done in time.
    pub(super) async fn stop(self, timeout: Duration) -> Option<Ended> {
        let in_order = async {
            // 1. NOT_SERVING: load balancers that read health send no more calls.
            systemd::stopping();
            self.readiness.set(NotReadyReason::Draining);
            // 2. Other nodes take the shards, while calls go on: they are forwarded as soon as a shard has left.
            if let Some(cluster) = &self.cluster {
                cluster.drain(timeout * 2 / 5).await;
            }
            // 3. Watchers resume elsewhere; no new connections and no new calls are accepted; open calls may end.
            self.watchers_go.cancel();
            let drained = self.api.drain(timeout * 2 / 5).await;
            // 4. Stop the tasks, so that nothing uses the journal any more.
            drop(self.reloading);
            drop(self.watching);
            self.tasks.stop().await;
            if let Err(error) = self.shards.write_token_use().await {
                tracing::debug!(%error, "the last use of API tokens was not recorded");
            }
            // 5. The journal flushes what was submitted and releases its shards, so that the next owner need not wait.
            let written = self.journal.stop().await;
            // 6. Take no more calls of other nodes, and leave their table. The store finishes what was sent, and closes.
            if let Some(cluster) = self.cluster {
                cluster.stop().await;
            }
            self.store.close().await;
            // 7. The operations port ends late, so that the last probe can still read why the process is not ready.
            self.ops.drain(OPS_DRAIN_TIMEOUT).await;
            self.metrics.stop();
            // 8. Send the spans of all that. A collector that is away costs a tenth of the timeout at most.
            if let Some(spans) = self.spans {
                let _ = tokio::task::spawn_blocking(move || spans.stop(SPAN_FLUSH_TIMEOUT.min(timeout / 10))).await;
            }
            Ended { drained, written }
        };
        tokio::time::timeout(timeout, in_order).await.ok()
    }
}
