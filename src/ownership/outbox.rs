//! What nodes tell each other about shards.

use crate::ids::NodeId;
use crate::peers::{PeerMessage, Peers};

/// Sends messages to other nodes: at most once, and without an answer. Heartbeats tell the same a second later.
pub trait Outbox: Send + Sync + 'static {
    fn tell(&self, to: NodeId, message: PeerMessage);
    fn tell_all(&self, message: PeerMessage);
}

impl Outbox for Peers {
    fn tell(&self, to: NodeId, message: PeerMessage) {
        Peers::tell(self, to, message);
    }

    fn tell_all(&self, message: PeerMessage) {
        Peers::tell_all(self, message);
    }
}
