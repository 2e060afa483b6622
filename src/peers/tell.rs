//! News for one peer: sent when it can be, and forgotten when it cannot. Each heartbeat reads the same from the store.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::channel::{Channel, PeerClient};
use super::message::PeerMessage;
use super::pool::Pool;
use crate::ids::ShardId;
use crate::proto::peer::v1::TellRequest;

/// After this long the store has told it.
const TIMEOUT: Duration = Duration::from_secs(1);

/// News that were not sent yet: of each shard the latest only, so that there are never more than shards.
#[derive(Debug, Default)]
pub(super) struct News {
    latest: Mutex<BTreeMap<ShardId, PeerMessage>>,
    some: Notify,
}

impl News {
    pub fn add(&self, message: PeerMessage) {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = latest.entry(message.shard()).or_insert(message);
        if message.supersedes(entry) {
            *entry = message;
        }
        drop(latest);
        self.some.notify_one();
    }

    fn take(&self) -> Vec<PeerMessage> {
        let latest = std::mem::take(&mut *self.latest.lock().unwrap_or_else(PoisonError::into_inner));
        latest.into_values().collect()
    }
}

/// Sends the news until the peer is gone. What comes while a message is under way goes with the next one.
pub(super) async fn tell(news: Arc<News>, pool: Arc<Pool>) {
    let gone = pool.peer.gone.clone();
    let node = pool.peer.node;
    let mut client = PeerClient::new(Channel(pool));
    let telling = async {
        loop {
            news.some.notified().await;
            let messages: Vec<_> = news.take().into_iter().map(Into::into).collect();
            if messages.is_empty() {
                continue;
            }
            match tokio::time::timeout(TIMEOUT, client.tell(TellRequest { messages })).await {
                Ok(Ok(_)) => {}
                Ok(Err(status)) => tracing::debug!(%node, code = ?status.code(), "a peer was not told"),
                Err(_) => tracing::debug!(%node, "a peer was not told in time"),
            }
        }
    };
    let _: Option<()> = gone.run_until_cancelled(telling).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Epoch, NodeId};
    use crate::store::nodes::NodeRef;

    #[test]
    fn of_each_shard_the_latest_is_told() {
        let (news, node) = (News::default(), NodeRef { id: NodeId::random(), generation: 1 });
        let owns = |shard, epoch| PeerMessage::Owns { shard: ShardId(shard), epoch: Epoch(epoch), node };
        let released = |shard, epoch| PeerMessage::Released { shard: ShardId(shard), epoch: Epoch(epoch), to: node };
        for message in [owns(2, 5), owns(1, 3), released(1, 3), owns(1, 2), owns(2, 6), released(2, 5)] {
            news.add(message);
        }
        assert_eq!(news.take(), [released(1, 3), owns(2, 6)]);
        assert!(news.take().is_empty());
    }
}
