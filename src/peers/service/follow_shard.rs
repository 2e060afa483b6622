//! `FollowShard`: the batches of a shard of this node (C7). At most one is encoded at a time, when the successor has
//! taken those before: what waits is bounded by the journal, which gives up a successor that is too slow.

use futures_util::{StreamExt, future, stream};
use tonic::{Request, Response, Status};

use super::{FollowShardStream, from};
use crate::peers::access::shard;
use crate::peers::events::PeerEvents;
use crate::proto::peer::v1::follow_shard_response::Part;
use crate::proto::peer::v1::{FollowShardRequest, FollowShardResponse};

pub fn follow_shard(
    events: &dyn PeerEvents,
    request: Request<FollowShardRequest>,
) -> Result<Response<FollowShardStream>, Status> {
    from(&request)?;
    let Some(shard) = shard(request.get_ref().shard).ok().and_then(|shard| events.batches(shard)) else {
        return Ok(Response::new(Box::pin(stream::empty())));
    };
    let response = |part| Ok(FollowShardResponse { part: Some(part) });
    let since = stream::once(future::ready(response(Part::Since(shard.since.0))));
    let batches = shard.batches.map(move |batch| response(Part::Batch(batch)));
    Ok(Response::new(Box::pin(since.chain(batches))))
}
