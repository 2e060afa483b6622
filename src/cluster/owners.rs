//! Who owns each shard, as far as this process knows.

use crate::ids::Epoch;
use crate::store::nodes::NodeRef;

/// The owner of a shard, as of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KnownOwner {
    pub epoch: Epoch,
    /// `None`: it was released, or nobody has claimed it yet.
    pub node: Option<NodeRef>,
}
