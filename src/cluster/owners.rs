//! Who owns each shard, as far as this process knows.

use crate::ids::Epoch;
use crate::store::nodes::NodeRef;

/// The owner of a shard as of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownOwner {
    pub epoch: Epoch,
    /// `None`: it was released, or its owner is not a node.
    pub node: Option<NodeRef>,
}
