//! A shard that moves between two nodes: the calls of its successor, and of its owner (C7).

use tokio::sync::mpsc;
use tonic::{Status, Streaming};

use super::Peers;
use crate::ids::{NodeId, Seq, ShardId};
use crate::proto::peer::v1::follow_shard_response::Part;
use crate::proto::peer::v1::{FollowShardRequest, FollowShardResponse, PrepareShardRequest};
use crate::store::StoreError;
use crate::store::batch_codec::{self, FollowedBatch};

/// Batches that were read and not taken yet, each of [`MAX_BATCH`] bytes at most. The owner keeps those behind them.
const MAX_BATCHES: usize = 2;
/// Longest batch, in bytes. A longer one ends the following, and the shard is loaded as any other.
const MAX_BATCH: usize = 64 << 20;

/// Reason why a shard cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    #[error("there is no such peer")]
    NoPeer,
    #[error("the peer does not own the shard")]
    NotOwned,
    #[error("the peer answers: {0}")]
    Peer(#[from] Status),
}

/// Reason why no more batches come.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Peer(#[from] Status),
    #[error(transparent)]
    Unreadable(#[from] StoreError),
    #[error("a message that is no batch")]
    NoBatch,
}

impl Peers {
    /// Follows a shard at the node that owns it: returns the position of the owner, and what it commits from there on.
    /// The batches end when it does not own the shard any more, or when they are taken too slowly.
    ///
    /// # Errors
    /// [`FollowError`]
    pub async fn follow_shard(
        &self,
        owner: NodeId,
        shard: ShardId,
    ) -> Result<(Seq, mpsc::Receiver<FollowedBatch>), FollowError> {
        let client = self.client(owner).ok_or(FollowError::NoPeer)?;
        let request = FollowShardRequest { shard: shard.0.into() };
        let mut responses = client.max_decoding_message_size(MAX_BATCH).follow_shard(request).await?.into_inner();
        let Some(FollowShardResponse { part: Some(Part::Since(since)) }) = responses.message().await? else {
            return Err(FollowError::NotOwned);
        };
        let (sender, batches) = mpsc::channel(MAX_BATCHES);
        tokio::spawn(async move {
            let passing = pass_on(&mut responses, &sender);
            tokio::select! {
                passed = passing => if let Err(error) = passed {
                    tracing::debug!(%shard, %owner, %error, "a shard is not followed any more");
                },
                // Nobody needs them any more.
                () = sender.closed() => {}
            }
        });
        Ok((Seq(since), batches))
    }

    /// Asks a node to load a shard of this one ahead. Returns true as soon as it follows the shard.
    pub async fn prepare_shard(&self, node: NodeId, shard: ShardId) -> bool {
        let Some(mut client) = self.client(node) else { return false };
        match client.prepare_shard(PrepareShardRequest { shard: shard.0.into() }).await {
            Ok(prepared) => prepared.into_inner().ready,
            Err(error) => {
                tracing::info!(%shard, %node, %error, "a peer does not load the shard ahead");
                false
            }
        }
    }
}

/// Ends with the owner's batches, or when nobody takes them.
async fn pass_on(
    responses: &mut Streaming<FollowShardResponse>,
    batches: &mpsc::Sender<FollowedBatch>,
) -> Result<(), Broken> {
    while let Some(response) = responses.message().await? {
        let Some(Part::Batch(batch)) = response.part else { return Err(Broken::NoBatch) };
        if batches.send(batch_codec::decode(&batch)?).await.is_err() {
            break;
        }
    }
    Ok(())
}
