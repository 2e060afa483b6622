//! `PrepareShard`: the shard that the caller is about to release to this node is loaded ahead (C7).

use tonic::{Request, Response, Status};

use super::from;
use crate::peers::access::shard;
use crate::peers::events::PeerEvents;
use crate::proto::peer::v1::{PrepareShardRequest, PrepareShardResponse};

pub async fn prepare_shard(
    events: &dyn PeerEvents,
    request: Request<PrepareShardRequest>,
) -> Result<Response<PrepareShardResponse>, Status> {
    let node = from(&request)?.node;
    let ready = match shard(request.get_ref().shard) {
        Ok(shard) => events.prepare(node, shard).await,
        Err(_) => false,
    };
    Ok(Response::new(PrepareShardResponse { ready }))
}
