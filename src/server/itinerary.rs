//! Where a call that was refused may go next (C8). Pure, so that the simulation decides as the server does.

use std::time::Duration;

use super::forward::Location;
use crate::cluster::KnownOwner;
use crate::ids::NodeId;
use crate::status::routing::Routing;

/// The longest time for which a call waits for owners of its shard, in all.
pub const MAX_WAIT: Duration = Duration::from_secs(5);
/// Nodes that a call may visit before the one that answers it: each of them has forwarded it.
pub const MAX_VISITED: usize = 2;
/// Attempts after the first. Each needs a change of owner, or another way to it; it bounds what a mistake could cost.
pub(super) const MAX_ATTEMPTS: usize = 8;

/// What has become of a call so far, and where it may go.
#[derive(Debug)]
pub struct Itinerary {
    /// The nodes that had the call before this one.
    visited: Vec<NodeId>,
    /// True: it may be carried out again when its outcome is not known.
    is_repeatable: bool,
    /// True: it may have been carried out already.
    is_repeated: bool,
    attempts: usize,
    tried: Option<KnownOwner>,
}

impl Itinerary {
    #[must_use]
    pub fn new(visited: Vec<NodeId>, is_repeatable: bool, is_repeated: bool) -> Self {
        Self { visited, is_repeatable, is_repeated, attempts: 0, tried: None }
    }

    /// Notes a refusal. Returns whether the call may be tried again.
    pub fn refused(&mut self, why: Routing) -> bool {
        self.is_repeated |= matches!(why, Routing::Unknown(_));
        self.attempts += 1;
        self.attempts <= MAX_ATTEMPTS && (self.is_repeatable || !self.is_repeated)
    }

    /// Notes that the call is tried at a place. Returns whether it may go there: at most two forwards, and never back,
    /// so that calls find a way around a node that cannot be reached, and none goes in circles.
    pub fn goes(&mut self, to: &Location) -> bool {
        self.tried = Some(to.owner());
        match to {
            Location::Here(_) => true,
            Location::At { via, .. } => self.visited.len() < MAX_VISITED && !self.visited.contains(via),
        }
    }

    /// The owner at which the call was tried last, or on the way to it.
    #[must_use]
    pub fn tried(&self) -> Option<KnownOwner> {
        self.tried
    }

    #[must_use]
    pub fn visited(&self) -> &[NodeId] {
        &self.visited
    }

    #[must_use]
    pub fn is_repeated(&self) -> bool {
        self.is_repeated
    }
}
