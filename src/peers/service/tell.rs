//! `Tell`: news about shards.

use tonic::{Request, Response, Status};

use super::from;
use crate::peers::events::PeerEvents;
use crate::peers::message;
use crate::proto::peer::v1::{TellRequest, TellResponse};

/// Passes on what a peer tells, except what this release does not understand.
pub fn tell(events: &dyn PeerEvents, request: Request<TellRequest>) -> Result<Response<TellResponse>, Status> {
    let node = from(&request)?.node;
    for told in request.into_inner().messages.into_iter().filter_map(message::parse) {
        events.told(node, told);
    }
    Ok(Response::new(TellResponse {}))
}
