//! Processes that share a store: which of them are alive, which one owns each shard, and until when an owner may answer
//! from memory.
//!
//! Correctness depends on the fence and on the [`Lease`] alone; the rest provides availability. A process with the
//! embedded store owns its directory by a lock, and needs none of this.

mod lease;
mod lock;
mod members;
mod node;
mod owners;
mod view;

pub use lease::{LEASE_DURATION, Lease, ShardLease};
pub use lock::LockFile;
pub use node::{Node, NodeFigures};
pub use owners::KnownOwner;
pub use view::{Blocked, Claims, View};
