//! What a node learns from others while the store does not answer: who owns the shards, so that it goes on forwarding
//! (C8), and whether the others still have the store.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;

use crate::clock::Clock;
use crate::cluster::{KnownOwner, Node, Owners};
use crate::peers::{PeerMessage, PeerOwners, Peers};

/// Age of this node's last good heartbeat from which on it asks the others: the store has not answered in time.
const MAX_AGE: Duration = Duration::from_millis(1_500);
const INTERVAL: Duration = Duration::from_secs(1);

/// Asks other nodes, while this one's heartbeats fail.
pub struct SecondHand {
    node: Arc<Node>,
    peers: Arc<Peers>,
    owners: Arc<Owners>,
    messages: mpsc::Sender<PeerMessage>,
    clock: Clock,
    /// Boot time of this node at which another one last had a good heartbeat, or later; `None`: nobody has said so.
    heartbeat: watch::Sender<Option<Duration>>,
}

impl SecondHand {
    /// `messages`: to the task that carries out the ownership, which also drops what belongs to others.
    #[must_use]
    pub fn new(
        node: Arc<Node>,
        peers: Arc<Peers>,
        owners: Arc<Owners>,
        messages: mpsc::Sender<PeerMessage>,
        clock: Clock,
    ) -> Arc<Self> {
        Arc::new(Self { node, peers, owners, messages, clock, heartbeat: watch::Sender::default() })
    }

    /// Asks once a second. Never returns.
    pub async fn run(self: Arc<Self>) {
        let mut turns = tokio::time::interval(INTERVAL);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            turns.tick().await;
            if self.node.heartbeat_age().is_some_and(|age| age > MAX_AGE) {
                self.ask().await;
            }
        }
    }

    async fn ask(&self) {
        let asked = self.clock.boot_time();
        let answers = self.peers.ask_owners().await;
        for PeerOwners { owners, heartbeat_age } in answers {
            // Of other cells this node may have heartbeats of its own.
            let mine = owners.into_iter().filter(|(shard, _)| self.node.shards().contains(*shard));
            for (shard, KnownOwner { epoch, node }) in mine {
                match node {
                    // If it is lost, the next answer says the same.
                    Some(node) => drop(self.messages.try_send(PeerMessage::Owns { shard, epoch, node })),
                    None => drop(self.owners.learn(shard, KnownOwner { epoch, node })),
                }
            }
            let heartbeat = heartbeat_age.map(|age| asked.saturating_sub(age));
            self.heartbeat.send_if_modified(|known| {
                let newer = heartbeat > *known;
                *known = heartbeat.max(*known);
                newer
            });
        }
    }

    /// Boot time of this node at which another one had a good heartbeat, as far as it was asked. A receiver can also be
    /// used to wait for changes.
    #[must_use]
    pub fn heartbeats(&self) -> watch::Receiver<Option<Duration>> {
        self.heartbeat.subscribe()
    }
}
