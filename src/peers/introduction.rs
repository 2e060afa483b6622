//! How a node that has just started becomes known to its peers. They read the table of nodes once a second, and at once
//! when somebody connects whom they do not know.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

use super::Peers;
use crate::ids::NodeId;

/// Time between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

impl Peers {
    /// Waits until every peer that lives, as far as this process knows, lets it in, for at most `wait`. Before that, no
    /// call can be forwarded. Returns whether all of them do.
    pub async fn introduce(&self, wait: Duration) -> bool {
        let introduced = self.living().into_iter().map(|node| self.is_let_in(node));
        timeout(wait, join_all(introduced)).await.is_ok()
    }

    async fn is_let_in(&self, node: NodeId) {
        while self.owners_of(node).await.is_none() {
            sleep(PAUSE).await;
        }
    }

    /// Waits until somebody has tried to get in who is not known: perhaps a node that has just started.
    pub async fn stranger(&self) {
        self.pins.strangers.notified().await;
    }
}
