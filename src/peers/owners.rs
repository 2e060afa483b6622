//! The map of owners, as a peer knows it.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;

use super::{Peers, message};
use crate::cluster::KnownOwner;
use crate::ids::{NodeId, ShardId};
use crate::proto::peer::v1::GetOwnersRequest;

/// Longest time for an answer.
const TIMEOUT: Duration = Duration::from_secs(1);

/// What a peer knows about the owners of shards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerOwners {
    pub owners: Vec<(ShardId, KnownOwner)>,
    /// Time since the peer's last good heartbeat was sent, when it answered; `None`: it had none.
    pub heartbeat_age: Option<Duration>,
}

impl Peers {
    /// Asks all peers that live, as far as this process knows, for their maps of owners, and waits for a second at most.
    /// Whoever does not answer in time is left out.
    pub async fn ask_owners(&self) -> Vec<PeerOwners> {
        let asked = self.living().into_iter().map(|node| timeout(TIMEOUT, self.owners_of(node)));
        join_all(asked).await.into_iter().filter_map(|answer| answer.ok()?).collect()
    }

    pub(super) async fn owners_of(&self, node: NodeId) -> Option<PeerOwners> {
        let answer = self.client(node)?.get_owners(GetOwnersRequest {}).await.ok()?.into_inner();
        Some(PeerOwners {
            owners: answer.owners.into_iter().filter_map(message::parse_owner).collect(),
            heartbeat_age: answer.heartbeat_age_ms.map(Duration::from_millis),
        })
    }
}
