//! Forwarding of calls to the node that owns their shard.

use std::sync::Arc;

use http::Response;
use tonic::body::Body;

use crate::auth::Principal;
use crate::cluster::KnownOwner;
use crate::ids::{NodeId, ShardId, TokenId};

/// What became of a call that was sent to a peer.
#[derive(Debug)]
pub enum Sent {
    /// The peer answers, whatever it answers; a stream may go on.
    Answer(Response<Body>),
    /// The peer has not carried it out, and will not: the call may be sent again anywhere.
    NotApplied {
        /// Where the shard is instead, as far as the peer knows.
        hint: Option<(ShardId, KnownOwner)>,
    },
    /// The connection was lost before the answer: the call was carried out, or not.
    Unknown,
}

/// Head of a call that a peer forwards: an extension of its request, on the peers' port.
#[derive(Debug, Clone)]
pub struct Forwarded {
    /// The caller that the first node has let in.
    pub principal: Arc<Principal>,
    /// The API token by which it was let in: the owner looks whether it is still in force.
    pub token: Option<TokenId>,
    /// Nodes on the way, the first one first.
    pub visited: Vec<NodeId>,
}
