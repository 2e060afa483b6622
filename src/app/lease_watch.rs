//! Follows the heartbeats of this node: for its peers, for the list of nodes, and for readiness. A node without the store
//! is ready as long as it reaches another one that has it, and forwards calls there; one that has lost the database of one
//! cell serves the others.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select_all;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::cluster::{Directories, LEASE_DURATION, Node, View};
use crate::health::{NotReadyReason, Readiness};
use crate::peers::Peers;
use crate::store::nodes::NodeRow;

pub(super) struct LeaseWatch {
    /// This process as a node of each cell.
    pub nodes: Vec<Arc<Node>>,
    pub peers: Arc<Peers>,
    pub directories: Arc<Directories>,
    /// See [`crate::ownership::SecondHand::heartbeats`], of each cell.
    pub others: Vec<watch::Receiver<Option<Duration>>>,
    pub clock: Clock,
    pub readiness: Arc<Readiness>,
}

impl LeaseWatch {
    pub async fn follow(mut self) {
        let mut views: Vec<watch::Receiver<View>> = self.nodes.iter().map(|node| node.views()).collect();
        let mut rows = vec![Vec::new(); views.len()];
        loop {
            let has_joined = self.read(&mut views, &mut rows);
            let age = self.age();
            self.readiness.set_to(NotReadyReason::NoLease, has_joined && age >= LEASE_DURATION);
            let rest = if age < LEASE_DURATION { LEASE_DURATION - age } else { LEASE_DURATION };
            // A lease also ends by time alone, without any change.
            tokio::select! {
                changed = any_changed(&mut views) => if changed.is_err() { return },
                changed = any_changed(&mut self.others) => if changed.is_err() { return },
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    /// Takes over the views. `rows`: the nodes of each cell, as of its last good heartbeat. Returns whether there was a good
    /// heartbeat in any cell.
    fn read(&self, views: &mut [watch::Receiver<View>], rows: &mut [Vec<NodeRow>]) -> bool {
        let (mut is_news, mut has_joined) = (false, false);
        for (cell, (views, rows)) in views.iter_mut().zip(rows.iter_mut()).enumerate() {
            let view = views.borrow_and_update().clone();
            has_joined |= view.heartbeats > 0;
            let Some(me) = view.me.filter(|_| view.missed == 0) else { continue };
            is_news = true;
            *rows = view.nodes();
            if let Some(directory) = self.directories.of(cell) {
                directory.observe(me, &view);
            }
        }
        // All cells together: whoever is gone from all of them is gone.
        if is_news {
            self.peers.follow(&rows.concat());
        }
        has_joined
    }

    /// Time since a good heartbeat of this node in any cell, or of one that it reaches.
    fn age(&mut self) -> Duration {
        let now = self.clock.boot_time();
        let others = self.others.iter_mut().filter_map(|cell| *cell.borrow_and_update()).max();
        let others = others.map_or(Duration::MAX, |at| now.saturating_sub(at));
        self.nodes.iter().filter_map(|node| node.heartbeat_age()).min().unwrap_or_default().min(others)
    }
}

async fn any_changed<T>(receivers: &mut [watch::Receiver<T>]) -> Result<(), watch::error::RecvError> {
    select_all(receivers.iter_mut().map(|receiver| Box::pin(receiver.changed()))).await.0
}
