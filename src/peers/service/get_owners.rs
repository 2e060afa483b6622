//! `GetOwners`: the map of owners.

use tonic::{Request, Response, Status};

use super::from;
use crate::peers::events::PeerEvents;
use crate::peers::message;
use crate::proto::peer::v1::{GetOwnersRequest, GetOwnersResponse};

pub fn get_owners(
    events: &dyn PeerEvents,
    request: Request<GetOwnersRequest>,
) -> Result<Response<GetOwnersResponse>, Status> {
    from(&request)?;
    let owners = events.owners().into_iter().map(|(shard, known)| message::owner(shard, known.epoch, known.node));
    let age = events.heartbeat_age().map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
    Ok(Response::new(GetOwnersResponse { owners: owners.collect(), heartbeat_age_ms: age }))
}
