//! `PrepareShard`: the shard that the caller is about to release to this node is loaded ahead (C7).

use tonic::{Request, Response, Status};

use super::{from, shard};
use crate::peers::events::PeerEvents;
use crate::proto::peer::v1::{PrepareShardRequest, PrepareShardResponse};

pub async fn prepare_shard(
    events: &dyn PeerEvents,
    request: Request<PrepareShardRequest>,
) -> Result<Response<PrepareShardResponse>, Status> {
    let node = from(&request)?.node;
    let ready = match shard(request.get_ref().shard) {
        Some(shard) => events.prepare(node, shard).await,
        None => false,
    };
    Ok(Response::new(PrepareShardResponse { ready }))
}
