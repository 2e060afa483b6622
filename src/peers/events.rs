//! What this process knows, and wants to know, of the owners of shards.

use std::time::Duration;

use super::hand_overs::HandOvers;
use super::message::PeerMessage;
use crate::auth::TokenEdition;
use crate::cluster::KnownOwner;
use crate::ids::{NodeId, ShardId};

/// Who carries out the ownership of shards in this process.
pub trait PeerEvents: HandOvers {
    /// A peer sends news of a shard. Must not wait.
    fn received(&self, from: NodeId, message: PeerMessage);

    /// The node that keeps the API tokens says that they were changed. Must not wait.
    fn tokens_changed(&self, edition: TokenEdition);

    /// The owner of a shard, as far as this process knows.
    fn owner(&self, shard: ShardId) -> KnownOwner;

    /// The whole map, by shard.
    fn owners(&self) -> Vec<(ShardId, KnownOwner)>;

    /// Time since the last good heartbeat of this node was sent; `None`: there was none.
    fn heartbeat_age(&self) -> Option<Duration>;
}
