//! What nodes report to each other about shards, and do for each other.

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use crate::ids::{NodeId, Seq, ShardId};
use crate::peers::{PeerMessage, Peers};
use crate::store::batch_codec::FollowedBatch;

/// Sends messages to other nodes: at most once, and without an answer. Heartbeats show the same a second later.
pub trait Outbox: Send + Sync + 'static {
    fn tell(&self, to: NodeId, message: PeerMessage);
    fn tell_all(&self, message: PeerMessage);

    /// How shards are loaded ahead; `None`: not at all.
    fn link(&self) -> Option<&dyn PeerLink> {
        None
    }
}

/// What a node asks another one for, so that a shard can move quickly (C7). All of it may fail: then the move takes
/// longer.
pub trait PeerLink: Send + Sync {
    /// Asks a node to load a shard of this node ahead. Returns whether it follows the shard now.
    fn prepare(&self, to: NodeId, shard: ShardId) -> BoxFuture<'_, bool>;

    /// Follows a shard at its owner.
    fn follow(&self, owner: NodeId, shard: ShardId) -> BoxFuture<'_, Option<Followed>>;
}

/// A shard of another node.
pub struct Followed {
    /// The last batch that the owner had committed.
    pub since: Seq,
    /// What it commits from there on, until it does not own the shard any more.
    pub batches: mpsc::Receiver<FollowedBatch>,
}

impl Outbox for Peers {
    fn tell(&self, to: NodeId, message: PeerMessage) {
        Peers::tell(self, to, message);
    }

    fn tell_all(&self, message: PeerMessage) {
        Peers::tell_all(self, message);
    }

    fn link(&self) -> Option<&dyn PeerLink> {
        Some(self)
    }
}

impl PeerLink for Peers {
    fn prepare(&self, to: NodeId, shard: ShardId) -> BoxFuture<'_, bool> {
        Box::pin(self.prepare_shard(to, shard))
    }

    fn follow(&self, owner: NodeId, shard: ShardId) -> BoxFuture<'_, Option<Followed>> {
        Box::pin(async move {
            let followed = self.follow_shard(owner, shard).await;
            let followed =
                followed.inspect_err(|error| tracing::info!(%shard, %owner, %error, "a shard cannot be followed"));
            followed.ok().map(|(since, batches)| Followed { since, batches })
        })
    }
}
