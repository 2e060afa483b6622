//! Finds the node that has a shard, and waits while nobody has it (C8).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::Ownership;
use super::waiting::Waiting;
use crate::cluster::KnownOwner;
use crate::ids::{NodeId, ShardId};
use crate::store::nodes::NodeState;

/// Pause before an owner that did not take a call is tried again, if nothing is heard of the shard meanwhile.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// Time for which a node that could not be reached is reached through others.
const DETOUR_TIME: Duration = Duration::from_secs(3);

/// Where a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// This node has the shard.
    Here(KnownOwner),
    There {
        owner: KnownOwner,
        /// The owner, or a node that may reach it when this one cannot.
        via: NodeId,
    },
}

/// Reason why a call has nowhere to go.
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
    /// Nodes that could not be reached, and when.
    unreached: Mutex<BTreeMap<NodeId, Instant>>,
}

impl Locator {
    #[must_use]
    pub fn new(ownership: Arc<Ownership>) -> Self {
        let waiting = Waiting::new(ownership.journal.shards());
        Self { ownership, waiting, unreached: Mutex::default() }
    }

    /// Returns where the shard is now, or waits for it until `until`. `tried`: the owner that did not take the call, which
    /// is tried again only after a pause.
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
        let mut progress = self.ownership.progress.subscribe();
        let mut pause = std::pin::pin!(sleep(RETRY_PAUSE));
        loop {
            progress.borrow_and_update();
            let known = self.ownership.owners.of(shard);
            if let Some(place) = self.place(shard).filter(|_| tried != Some(known) || pause.is_elapsed()) {
                return Ok(place);
            }
            tokio::select! {
                biased;
                () = self.ownership.owners.changed(shard, known) => {}
                _ = progress.changed() => {}
                () = &mut pause, if !pause.is_elapsed() => {}
                () = sleep_until(until) => return Err(NoPlace::TooLate),
            }
        }
    }

    /// `None`: nobody is known to have the shard, or this node is loading it.
    fn place(&self, shard: ShardId) -> Option<Place> {
        let owner = self.ownership.owners.of(shard);
        if self.ownership.journal.holds(shard) {
            return Some(Place::Here(owner));
        }
        let views = self.ownership.node.views();
        let node = owner.node.filter(|node| Some(*node) != views.borrow().me)?;
        Some(Place::There { owner, via: self.way(node.id) })
    }

    /// The owner itself, unless it was not reached a moment ago and there is another node that may reach it.
    fn way(&self, owner: NodeId) -> NodeId {
        let recently = |node: &NodeId| self.unreached().get(node).is_some_and(|at| at.elapsed() < DETOUR_TIME);
        if !recently(&owner) {
            return owner;
        }
        let views = self.ownership.node.views();
        let view = views.borrow();
        let others = view.living().filter(|row| Some(row.node) != view.me && row.state == NodeState::Active);
        let mut ways = others.map(|row| row.node.id).filter(|node| *node != owner && !recently(node));
        ways.next().unwrap_or(owner)
    }

    /// Notes that a node could not be reached.
    pub fn not_reached(&self, node: NodeId) {
        let mut unreached = self.unreached();
        unreached.retain(|_, at| at.elapsed() < DETOUR_TIME);
        unreached.insert(node, Instant::now());
    }

    /// Takes over what a node says about the owner of a shard.
    pub fn learn(&self, shard: ShardId, known: KnownOwner) {
        self.ownership.owners.learn(shard, known);
    }

    fn unreached(&self) -> MutexGuard<'_, BTreeMap<NodeId, Instant>> {
        self.unreached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
