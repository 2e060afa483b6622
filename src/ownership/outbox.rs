//! What nodes tell each other about shards.

use crate::ids::NodeId;
pub use crate::peers::PeerMessage;

/// Sends messages to other nodes: at most once, and without an answer. Heartbeats tell the same a second later.
pub trait Outbox: Send + Sync + 'static {
    fn tell(&self, to: NodeId, message: PeerMessage);
    fn tell_all(&self, message: PeerMessage);
}
