//! What a node does for another one before a shard moves from one of them to the other (C7).

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use crate::ids::{NodeId, Seq, ShardId};

/// The shards of this process, for those who hand one over or take one.
pub trait HandOvers: Send + Sync + 'static {
    /// A node is about to release a shard to this one. Returns true as soon as this process has loaded it ahead and
    /// follows it; false: it does not. What was begun goes on for a while if the future is dropped.
    fn prepare(&self, from: NodeId, shard: ShardId) -> BoxFuture<'_, bool>;

    /// The batches of a shard from now on; `None`: this process does not own it.
    fn batches(&self, shard: ShardId) -> Option<ShardBatches>;
}

/// What the owner of a shard commits.
pub struct ShardBatches {
    /// The last batch before the first one here.
    pub since: Seq,
    /// Each as [`crate::store::batch_codec`] encodes it. They end when this process does not own the shard any more, or
    /// when they are taken too slowly.
    pub batches: BoxStream<'static, Vec<u8>>,
}
