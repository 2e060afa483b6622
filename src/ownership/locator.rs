//! Finds the node that has a shard, and waits while nobody has it (C8).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::Ownership;
use super::waiting::Waiting;
use super::ways::Ways;
use crate::cluster::{KnownOwner, LEASE_DURATION, View};
use crate::ids::{NodeId, ShardId};
use crate::store::nodes::NodeState;

/// Pause before an owner that did not take a call is tried again, if nothing is heard of the shard meanwhile.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Where a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// This node has the shard, and may answer.
    Here(KnownOwner),
    There {
        owner: KnownOwner,
        /// The owner, or a node that may reach it, or knows it, when this one does not.
        via: NodeId,
    },
}

impl Place {
    fn is_detour(&self) -> bool {
        matches!(self, Place::There { owner, via } if owner.node.is_none_or(|node| node.id != *via))
    }
}

/// Reason why no node was found for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoPlace {
    #[error("too many calls wait for the shard's next owner")]
    TooMany,
    #[error("the shard had no owner in time")]
    TooLate,
}

/// Finds owners, for calls.
pub struct Locator {
    ownership: Arc<Ownership>,
    waiting: Waiting,
    ways: Ways,
}

impl Locator {
    #[must_use]
    pub fn new(ownership: Arc<Ownership>) -> Self {
        let waiting = Waiting::new(ownership.journal.shards());
        Self { ownership, waiting, ways: Ways::default() }
    }

    /// Returns where the shard is now, or waits for it until `until`. `tried`: the owner that did not take the call, or was
    /// not reached. It is tried again only after a pause, or at once by another way. Safe to cancel.
    ///
    /// # Errors
    /// [`NoPlace`]
    pub async fn locate(&self, shard: ShardId, tried: Option<KnownOwner>, until: Instant) -> Result<Place, NoPlace> {
        match self.place(shard) {
            Some(place) if tried.is_none() => Ok(place),
            _ => self.wait(shard, tried, until).await,
        }
    }

    async fn wait(&self, shard: ShardId, tried: Option<KnownOwner>, until: Instant) -> Result<Place, NoPlace> {
        let _entered = self.waiting.enter(shard).ok_or(NoPlace::TooMany)?;
        let _counted = self.ownership.figures.wait();
        let mut pause = std::pin::pin!(sleep(RETRY_PAUSE));
        loop {
            // Registered before the look, so that nothing in between is missed.
            let mut progress = std::pin::pin!(self.ownership.moved.notified());
            progress.as_mut().enable();
            let known = self.ownership.owners.of(shard);
            match self.place(shard) {
                Some(here @ Place::Here(_)) => return Ok(here),
                Some(there) if tried != Some(known) || there.is_detour() || pause.is_elapsed() => return Ok(there),
                _ => {}
            }
            tokio::select! {
                biased;
                () = self.ownership.owners.changed(shard, known) => {}
                () = progress => {}
                () = &mut pause, if !pause.is_elapsed() => {}
                () = sleep_until(until) => return Err(NoPlace::TooLate),
            }
        }
    }

    /// `None`: nobody is known to have the shard; or this node has it, and is loading it or waits for its lease.
    fn place(&self, shard: ShardId) -> Option<Place> {
        let owner = self.ownership.owners.of(shard);
        if self.ownership.journal.has_lease(shard) {
            return Some(Place::Here(owner));
        }
        let views = self.ownership.node.views();
        let view = views.borrow();
        let via = match owner.node.filter(|node| Some(*node) != view.me) {
            Some(node) => self.way(shard, node.id, &view),
            // This node lost the store, and perhaps its shards: others know who has them.
            None if self.has_lost_the_store() => self.others(shard, &view).next()?,
            None => return None,
        };
        Some(Place::There { owner, via })
    }

    fn has_lost_the_store(&self) -> bool {
        self.ownership.node.heartbeat_age().is_some_and(|age| age >= LEASE_DURATION)
    }

    /// The owner itself, unless it was not reached a moment ago and there is another node that may reach it.
    fn way(&self, shard: ShardId, owner: NodeId, view: &View) -> NodeId {
        if self.ways.reaches(owner) {
            return owner;
        }
        self.others(shard, view).find(|node| *node != owner).unwrap_or(owner)
    }

    /// Other nodes that may bring a call to the owner of the shard.
    fn others(&self, shard: ShardId, view: &View) -> impl Iterator<Item = NodeId> {
        let others = view.living().filter(|row| Some(row.node) != view.me && row.state == NodeState::Active);
        others.map(|row| row.node.id).filter(move |node| self.ways.brings(shard, *node))
    }

    /// Notes that a node could not be reached.
    pub fn not_reached(&self, node: NodeId) {
        self.ways.not_reached(node);
    }

    /// Notes that a node did not bring a call to the shard's owner, and takes over what it knows of that.
    pub fn refused(&self, shard: ShardId, by: NodeId, known: KnownOwner) {
        self.ways.refused(shard, by);
        self.ownership.owners.learn(shard, known);
    }
}
