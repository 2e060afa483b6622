//! Finds, for a call whose shard is not here, where it goes (C8).

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::Request;
use tokio::time::{Instant, sleep, sleep_until};
use tonic::Status;
use tonic::body::Body;

use super::Ownership;
use super::waiting::Waiting;
use crate::auth::Caller;
use crate::cluster::KnownOwner;
use crate::ids::{NodeId, ShardId};
use crate::peers::Peers;
use crate::server::{Forwarder, Location, Sent};
use crate::status;

/// Pause before an owner that did not take the call is tried again, if nothing else happens.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Routes calls to the owners of their shards.
pub struct Router {
    ownership: Arc<Ownership>,
    peers: Arc<Peers>,
    waiting: Waiting,
}

impl Router {
    #[must_use]
    pub fn new(ownership: Arc<Ownership>, peers: Arc<Peers>) -> Self {
        let waiting = Waiting::new(ownership.journal.shards());
        Self { ownership, peers, waiting }
    }

    /// Number of calls that wait for an owner now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.count()
    }

    /// The place to send the call to now; `None`: nobody is known to have the shard.
    fn place(&self, shard: ShardId) -> Option<Location> {
        let owner = self.ownership.owners.of(shard);
        if self.ownership.journal.holds(shard) {
            return Some(Location::Here(owner));
        }
        let node = owner.node.filter(|node| Some(*node) != self.ownership.node.view().me)?;
        Some(Location::At { owner, via: self.way(node.id)? })
    }

    /// The peer to send to: the owner, or one that may reach it when this node cannot.
    fn way(&self, owner: NodeId) -> Option<NodeId> {
        if self.peers.is_reachable(owner) {
            return Some(owner);
        }
        self.peers.reachable().find(|peer| *peer != owner).or(Some(owner))
    }

    async fn wait(&self, shard: ShardId, tried: Option<KnownOwner>, until: Instant) -> Result<Location, Status> {
        let _place = self.waiting.enter(shard).ok_or_else(status::overloaded)?;
        let mut progress = self.ownership.progress.subscribe();
        let mut pause = std::pin::pin!(sleep(RETRY_PAUSE));
        loop {
            progress.borrow_and_update();
            let known = self.ownership.owners.of(shard);
            match self.place(shard) {
                Some(place) if tried != Some(known) || pause.is_elapsed() => return Ok(place),
                _ => {}
            }
            tokio::select! {
                () = self.ownership.owners.changed(shard, known) => {}
                _ = progress.changed() => {}
                () = &mut pause, if !pause.is_elapsed() => {}
                () = sleep_until(until) => return Err(status::no_owner()),
            }
        }
    }
}

impl Forwarder for Router {
    fn has_peers(&self) -> bool {
        !self.ownership.is_alone()
    }

    fn locate(
        &self,
        shard: ShardId,
        tried: Option<KnownOwner>,
        until: Instant,
    ) -> BoxFuture<'_, Result<Location, Status>> {
        Box::pin(async move {
            match self.place(shard) {
                Some(place) if tried.is_none() => Ok(place),
                _ => self.wait(shard, tried, until).await,
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
        let _ = (to, call, caller, deadline, visited);
        todo!("peers")
    }
}
