//! Sends calls to the owners of their shards (C8).

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::Request;
use tokio::time::Instant;
use tonic::Status;
use tonic::body::Body;

use super::Ownership;
use super::locator::{Locator, NoPlace, Place};
use crate::auth::Caller;
use crate::cluster::{Forwarded, KnownOwner};
use crate::ids::{NodeId, ShardId};
use crate::peers::{ForwardHead, Peers};
use crate::server::{Forwarder, Location, Sent};
use crate::status;

/// Routes calls between the nodes of an installation.
pub struct Router {
    ownership: Arc<Ownership>,
    locator: Locator,
    peers: Arc<Peers>,
}

impl Router {
    #[must_use]
    pub fn new(ownership: Arc<Ownership>, peers: Arc<Peers>) -> Arc<Self> {
        Arc::new(Self { locator: Locator::new(Arc::clone(&ownership)), ownership, peers })
    }

    async fn send_to(&self, via: NodeId, call: Request<Body>, head: &ForwardHead) -> Sent {
        let sent = self.peers.send(via, call, head).await;
        let outcome = match &sent {
            Sent::Answer(_) => Forwarded::Answered,
            Sent::Unknown => Forwarded::Unknown,
            // Who refuses a call says where its shard is instead.
            Sent::NotApplied { hint: Some((shard, known)) } => {
                self.locator.refused(*shard, via, *known);
                Forwarded::Moved
            }
            Sent::NotApplied { hint: None } => {
                self.locator.not_reached(via);
                Forwarded::Unreached
            }
        };
        self.ownership.figures.count(outcome);
        sent
    }
}

impl Forwarder for Router {
    fn has_peers(&self) -> bool {
        self.ownership.has_peers()
    }

    fn locate(
        &self,
        shard: ShardId,
        tried: Option<KnownOwner>,
        until: Instant,
    ) -> BoxFuture<'_, Result<Location, Status>> {
        Box::pin(async move {
            match self.locator.locate(shard, tried, until).await {
                Ok(Place::Here(owner)) => Ok(Location::Here(owner)),
                Ok(Place::There { owner, via }) => Ok(Location::At { owner, via }),
                Err(NoPlace::TooMany | NoPlace::TooLate) => {
                    self.ownership.figures.count(Forwarded::GaveUp);
                    Err(status::overloaded())
                }
            }
        })
    }

    fn send(
        &self,
        to: &Location,
        call: Request<Body>,
        caller: &Caller,
        deadline: Duration,
        visited: &[NodeId],
    ) -> BoxFuture<'_, Sent> {
        let via = match to {
            Location::At { via, .. } => Some(*via),
            Location::Here(_) => None,
        };
        let me = self.ownership.me();
        let visited = visited.iter().copied().chain(me).collect();
        let head = ForwardHead { caller: caller.clone(), visited, left: deadline };
        Box::pin(async move {
            match via {
                Some(via) => self.send_to(via, call, &head).await,
                None => Sent::NotApplied { hint: None },
            }
        })
    }
}
