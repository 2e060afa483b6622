//! What the server needs to send calls to other nodes, and what it knows of a call that another node sent (C8).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{Request, Response};
use tokio::time::Instant;
use tonic::Status;
use tonic::body::Body;

use crate::auth::{Caller, Principal};
use crate::cluster::KnownOwner;
use crate::ids::{NodeId, ShardId, TenantId};

/// Headers that begin so are sent between nodes only. The public port refuses them.
pub const PEER_HEADERS: &str = "usher-peer-";
/// Header of a call that may have been carried out already; its value is not read. It means nothing on the public port.
pub(super) const REPEATED: &str = "usher-repeated";

/// Knows where shards are, and sends calls there.
pub trait Forwarder: Send + Sync + 'static {
    /// Returns whether there is another node. Every call asks; where there is none, nothing of it is kept.
    fn has_peers(&self) -> bool;

    /// Returns the tenant's shard if this process does not hold it. Calls ask before they are begun.
    fn elsewhere(&self, tenant: &TenantId) -> Option<ShardId>;

    /// Returns where the shard is now. Waits while it has no owner, or is being loaded here. `tried`: the owner that
    /// refused the call or could not be reached; the answer is another one, or another way to it, or `Here` when this
    /// process can answer by now.
    ///
    /// # Errors
    /// It waited until `until` or for 5 seconds, or too many calls wait already.
    fn locate(
        &self,
        shard: ShardId,
        tried: Option<KnownOwner>,
        until: Instant,
    ) -> BoxFuture<'_, Result<Location, Status>>;

    /// Sends a call to `to`, a [`Location::At`]. `deadline`: the time that is left until the answer must begin; a stream
    /// goes on after it. `visited`: the nodes on the way of the call to this one, which the forwarder appends. A hint
    /// that the peer sends is also for the forwarder itself: the next `locate` takes it into account.
    fn send(
        &self,
        to: &Location,
        call: Request<Body>,
        caller: &Caller,
        deadline: Duration,
        visited: &[NodeId],
    ) -> BoxFuture<'_, Sent>;
}

impl fmt::Debug for dyn Forwarder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Forwarder")
    }
}

/// Where a shard is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// This process has it.
    Here(KnownOwner),
    At {
        owner: KnownOwner,
        /// The owner, or a peer on the way to it.
        via: NodeId,
    },
}

impl Location {
    #[must_use]
    pub fn owner(&self) -> KnownOwner {
        match self {
            Location::Here(owner) | Location::At { owner, .. } => *owner,
        }
    }
}

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
    /// Nodes on the way, the first one first.
    pub visited: Vec<NodeId>,
}
