//! `Tell`: news about shards, and about API tokens.

use tonic::{Request, Response, Status};

use super::from;
use crate::auth::TokenEdition;
use crate::peers::events::PeerEvents;
use crate::peers::message;
use crate::proto::peer::v1::{TellRequest, TellResponse};

/// Passes on the news of a peer, except what this release does not understand.
pub fn tell(events: &dyn PeerEvents, request: Request<TellRequest>) -> Result<Response<TellResponse>, Status> {
    let node = from(&request)?.node;
    let TellRequest { messages, token_edition } = request.into_inner();
    for message in messages.into_iter().filter_map(message::parse) {
        events.received(node, message);
    }
    if let Some(edition) = token_edition {
        events.tokens_changed(TokenEdition(edition));
    }
    Ok(Response::new(TellResponse {}))
}
