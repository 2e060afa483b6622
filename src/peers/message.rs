//! News about the owners of shards, which nodes send each other.

use uuid::Uuid;

use super::access;
use crate::cluster::KnownOwner;
use crate::ids::{Epoch, NodeId, ShardId};
use crate::proto::peer::v1::{Node, PeerMessage as Message, ShardOwner, peer_message::Event};
use crate::store::nodes::NodeRef;

/// News about a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerMessage {
    /// The node has claimed the shard, and serves it.
    Owns { shard: ShardId, epoch: Epoch, node: NodeRef },
    /// The shard was released to a node, which has not claimed it yet.
    Released { shard: ShardId, epoch: Epoch, to: NodeRef },
}

impl PeerMessage {
    #[must_use]
    pub fn shard(&self) -> ShardId {
        match self {
            PeerMessage::Owns { shard, .. } | PeerMessage::Released { shard, .. } => *shard,
        }
    }

    /// True if it is not older than `other`, which is about the same shard: a higher epoch is later, and at one epoch the
    /// release is.
    #[must_use]
    pub fn supersedes(&self, other: &PeerMessage) -> bool {
        let rank = |message: &PeerMessage| match message {
            PeerMessage::Owns { epoch, .. } => (*epoch, false),
            PeerMessage::Released { epoch, .. } => (*epoch, true),
        };
        rank(self) >= rank(other)
    }
}

impl From<PeerMessage> for Message {
    fn from(message: PeerMessage) -> Self {
        let event = match message {
            PeerMessage::Owns { shard, epoch, node } => Event::Owns(owner(shard, epoch, Some(node))),
            PeerMessage::Released { shard, epoch, to } => Event::Released(owner(shard, epoch, Some(to))),
        };
        Self { event: Some(event) }
    }
}

/// Parses a message. `None`: it is one of a later release, or none.
pub(super) fn parse(message: Message) -> Option<PeerMessage> {
    let (of, released) = match message.event? {
        Event::Owns(of) => (of, false),
        Event::Released(of) => (of, true),
    };
    let (shard, KnownOwner { epoch, node }) = parse_owner(of)?;
    let node = node?;
    Some(match released {
        false => PeerMessage::Owns { shard, epoch, node },
        true => PeerMessage::Released { shard, epoch, to: node },
    })
}

pub(super) fn owner(shard: ShardId, epoch: Epoch, node: Option<NodeRef>) -> ShardOwner {
    let node = node.map(|node| Node { id: node.id.0.as_bytes().to_vec(), generation: node.generation });
    ShardOwner { shard: shard.0.into(), epoch: epoch.0, node }
}

pub(super) fn parse_owner(of: ShardOwner) -> Option<(ShardId, KnownOwner)> {
    let shard = access::shard(of.shard).ok()?;
    let node = match of.node {
        None => None,
        Some(node) => Some(NodeRef {
            id: NodeId(Uuid::from_slice(&node.id).ok().filter(|id| !id.is_nil())?),
            generation: node.generation,
        }),
    };
    Some((shard, KnownOwner { epoch: Epoch(of.epoch), node }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node() -> NodeRef {
        NodeRef { id: NodeId::random(), generation: 3 }
    }

    #[test]
    fn a_message_arrives_as_it_was_told() {
        let (shard, epoch) = (ShardId(7), Epoch(12));
        for message in
            [PeerMessage::Owns { shard, epoch, node: node() }, PeerMessage::Released { shard, epoch, to: node() }]
        {
            assert_eq!(parse(message.into()), Some(message));
        }
        let known = KnownOwner { epoch, node: None };
        assert_eq!(parse_owner(owner(shard, epoch, None)), Some((shard, known)));
    }

    #[test]
    fn what_is_no_message_is_passed_over() {
        let good = || owner(ShardId(7), Epoch(12), Some(node()));
        let id = |id: Vec<u8>| ShardOwner { node: Some(Node { id, generation: 1 }), ..good() };
        let bad = [id(vec![0; 16]), id(vec![1; 15]), id(Vec::new()), ShardOwner { shard: 1 << 16, ..good() }];
        assert!(parse(Message { event: None }).is_none());
        assert!(parse(Message { event: Some(Event::Owns(ShardOwner { node: None, ..good() })) }).is_none());
        for of in bad {
            assert!(parse(Message { event: Some(Event::Owns(of.clone())) }).is_none() && parse_owner(of).is_none());
        }
    }

    #[test]
    fn a_higher_epoch_is_later_and_so_is_a_release() {
        let (shard, node) = (ShardId(7), node());
        let owns = |epoch| PeerMessage::Owns { shard, epoch: Epoch(epoch), node };
        let released = |epoch| PeerMessage::Released { shard, epoch: Epoch(epoch), to: node };
        for (later, earlier) in [(owns(2), owns(1)), (owns(2), released(1)), (released(1), owns(1))] {
            assert!(later.supersedes(&earlier) && !earlier.supersedes(&later), "{later:?} {earlier:?}");
        }
        assert!(owns(1).supersedes(&owns(1)));
    }
}
