//! Follows the heartbeats of this node: for its peers, for the list of nodes, and for readiness. A node without the store
//! is ready as long as it reaches another one that has it, and forwards calls there.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Clock;
use crate::cluster::{Directory, LEASE_DURATION, Node};
use crate::health::{NotReadyReason, Readiness};
use crate::peers::Peers;

pub(super) struct LeaseWatch {
    pub node: Arc<Node>,
    pub peers: Arc<Peers>,
    pub directory: Arc<Directory>,
    /// See [`crate::ownership::SecondHand::heartbeats`].
    pub others: watch::Receiver<Option<Duration>>,
    pub clock: Clock,
    pub readiness: Arc<Readiness>,
}

impl LeaseWatch {
    pub async fn follow(mut self) {
        let mut views = self.node.views();
        loop {
            let view = views.borrow_and_update().clone();
            if let Some(me) = view.me.filter(|_| view.missed == 0) {
                self.peers.follow(&view.snapshot.nodes);
                self.directory.observe(me, &view.snapshot, &view.gone, view.answered);
            }
            let age = self.age();
            self.readiness.set_to(NotReadyReason::NoLease, view.heartbeats > 0 && age >= LEASE_DURATION);
            let rest = if age < LEASE_DURATION { LEASE_DURATION - age } else { LEASE_DURATION };
            // A lease also ends by time alone, without any change.
            tokio::select! {
                changed = views.changed() => if changed.is_err() { return },
                changed = self.others.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    /// Time since a good heartbeat of this node, or of one that it reaches.
    fn age(&mut self) -> Duration {
        let now = self.clock.boot_time();
        let others = self.others.borrow_and_update().map(|at| now.saturating_sub(at));
        self.node.heartbeat_age().unwrap_or_default().min(others.unwrap_or(Duration::MAX))
    }
}
