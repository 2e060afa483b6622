//! News for one peer: sent when it can be, and forgotten when it cannot. Each heartbeat reads the same from the store.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::channel::{Channel, PeerClient};
use super::message::PeerMessage;
use super::pool::Pool;
use crate::auth::TokenEdition;
use crate::ids::ShardId;
use crate::proto::peer::v1::TellRequest;

/// After this long the peer has read the same from the store.
const TIMEOUT: Duration = Duration::from_secs(1);

/// News that were not sent yet: of each shard the latest only, so that there are never more than shards.
#[derive(Debug, Default)]
pub(super) struct News {
    latest: Mutex<Latest>,
    some: Notify,
}

#[derive(Debug, Default)]
struct Latest {
    shards: BTreeMap<ShardId, PeerMessage>,
    /// Edition of the API tokens, if it became another one.
    tokens: Option<TokenEdition>,
}

impl News {
    pub fn add(&self, message: PeerMessage) {
        let mut latest = self.latest();
        let entry = latest.shards.entry(message.shard()).or_insert(message);
        if message.supersedes(entry) {
            *entry = message;
        }
        drop(latest);
        self.some.notify_one();
    }

    pub fn add_tokens(&self, edition: TokenEdition) {
        let mut latest = self.latest();
        latest.tokens = latest.tokens.max(Some(edition));
        drop(latest);
        self.some.notify_one();
    }

    /// `None`: there are none.
    fn take(&self) -> Option<TellRequest> {
        let Latest { shards, tokens } = std::mem::take(&mut *self.latest());
        let request = TellRequest {
            messages: shards.into_values().map(Into::into).collect(),
            token_edition: tokens.map(|edition| edition.0),
        };
        (request != TellRequest::default()).then_some(request)
    }

    fn latest(&self) -> MutexGuard<'_, Latest> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends the news until the peer is gone. What comes while a message is under way goes with the next one.
pub(super) async fn tell(news: Arc<News>, pool: Arc<Pool>) {
    let gone = pool.peer.gone.clone();
    let node = pool.peer.node;
    let mut client = PeerClient::new(Channel(pool));
    let sending = async {
        loop {
            news.some.notified().await;
            let Some(request) = news.take() else { continue };
            match tokio::time::timeout(TIMEOUT, client.tell(request)).await {
                Ok(Ok(_)) => {}
                Ok(Err(status)) => tracing::debug!(%node, code = ?status.code(), "a peer was not notified"),
                Err(_) => tracing::debug!(%node, "a peer was not notified in time"),
            }
        }
    };
    let _: Option<()> = gone.run_until_cancelled(sending).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Epoch, NodeId};
    use crate::store::nodes::NodeRef;

    #[test]
    fn of_each_shard_and_of_the_tokens_the_latest_is_told() {
        let (news, node) = (News::default(), NodeRef { id: NodeId::random(), generation: 1 });
        let owns = |shard, epoch| PeerMessage::Owns { shard: ShardId(shard), epoch: Epoch(epoch), node };
        let released = |shard, epoch| PeerMessage::Released { shard: ShardId(shard), epoch: Epoch(epoch), to: node };
        for message in [owns(2, 5), owns(1, 3), released(1, 3), owns(1, 2), owns(2, 6), released(2, 5)] {
            news.add(message);
        }
        for edition in [7, 9, 8] {
            news.add_tokens(TokenEdition(edition));
        }
        let messages = vec![released(1, 3).into(), owns(2, 6).into()];
        assert_eq!(news.take(), Some(TellRequest { messages, token_edition: Some(9) }));
        assert_eq!(news.take(), None);
        news.add_tokens(TokenEdition(0));
        assert_eq!(news.take(), Some(TellRequest { messages: Vec::new(), token_edition: Some(0) }));
    }
}
