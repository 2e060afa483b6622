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
use crate::ids::{NodeId, ShardId, TenantId};
use crate::peers::{ForwardHead, Peers};
use crate::server::{Forwarder, Location, Sent};
use crate::status;

/// Routes calls between the nodes of an installation.
pub struct Router {
    /// In the order of their shards; there is at least one.
    cells: Vec<Cell>,
    peers: Arc<Peers>,
}

/// The routes to the shards of one cell. A process has an id of its own in each, and a call is about one shard, so it only
/// ever names ids of one cell.
struct Cell {
    ownership: Arc<Ownership>,
    locator: Locator,
}

impl Router {
    /// `cells`: the shards of each cell, in their order.
    #[must_use]
    pub fn new(cells: impl IntoIterator<Item = Arc<Ownership>>, peers: Arc<Peers>) -> Arc<Self> {
        let cell = |ownership: Arc<Ownership>| Cell { locator: Locator::new(Arc::clone(&ownership)), ownership };
        Arc::new(Self { cells: cells.into_iter().map(cell).collect(), peers })
    }

    /// The cell of a shard. A shard that does not exist is in none, and any of them says so.
    fn cell(&self, shard: ShardId) -> &Cell {
        let found = self.cells.iter().find(|cell| cell.ownership.shards().contains(shard));
        found.unwrap_or(&self.cells[0])
    }

    /// The cell in which a node has this id.
    fn cell_of(&self, node: NodeId) -> &Cell {
        let found = self.cells.iter().skip(1).find(|cell| cell.ownership.knows(node));
        found.unwrap_or(&self.cells[0])
    }

    async fn send_to(&self, cell: &Cell, via: NodeId, call: Request<Body>, head: &ForwardHead) -> Sent {
        let sent = self.peers.send(via, call, head).await;
        let outcome = match &sent {
            Sent::Answer(_) => Forwarded::Answered,
            Sent::Unknown => Forwarded::Unknown,
            // Who refuses a call says where its shard is instead.
            Sent::NotApplied { hint: Some((shard, known)) } => {
                self.cell(*shard).locator.refused(*shard, via, *known);
                Forwarded::Moved
            }
            Sent::NotApplied { hint: None } => {
                cell.locator.not_reached(via);
                Forwarded::Unreached
            }
        };
        cell.ownership.figures.count(outcome);
        sent
    }
}

impl Forwarder for Router {
    fn has_peers(&self) -> bool {
        self.cells.iter().any(|cell| cell.ownership.has_peers())
    }

    fn elsewhere(&self, tenant: &TenantId) -> Option<ShardId> {
        let journal = &self.cells[0].ownership.journal;
        let shard = tenant.shard(journal.shards());
        (!journal.holds(shard)).then_some(shard)
    }

    fn locate(
        &self,
        shard: ShardId,
        tried: Option<KnownOwner>,
        until: Instant,
    ) -> BoxFuture<'_, Result<Location, Status>> {
        Box::pin(async move {
            let cell = self.cell(shard);
            match cell.locator.locate(shard, tried, until).await {
                Ok(Place::Here(owner)) => Ok(Location::Here(owner)),
                Ok(Place::There { owner, via }) => Ok(Location::At { owner, via }),
                Err(NoPlace::TooMany | NoPlace::TooLate) => {
                    cell.ownership.figures.count(Forwarded::GaveUp);
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
        let cell = via.map_or(&self.cells[0], |via| self.cell_of(via));
        let visited = visited.iter().copied().chain(cell.ownership.me()).collect();
        let head = ForwardHead { caller: caller.clone(), visited, left: deadline };
        Box::pin(async move {
            match via {
                Some(via) => self.send_to(cell, via, call, &head).await,
                None => Sent::NotApplied { hint: None },
            }
        })
    }
}
