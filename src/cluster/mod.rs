//! Processes that share a store: which of them live, whose each shard is, and until when its owner may answer from memory.
//!
//! Being right depends on the fence and on the [`Lease`] alone; the rest makes the service available. A process on the
//! embedded store owns its folder by a lock, and has none of this.

mod lease;
mod lock;
mod members;
mod node;
mod view;

pub use lease::{LEASE, Lease, ShardLease};
pub use lock::LockFile;
pub use node::{Node, NodeFigures};
pub use view::{Blocked, Claims, View};
