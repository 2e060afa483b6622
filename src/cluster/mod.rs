//! Processes that share a store: which of them are alive, which one owns each shard, and until when an owner may answer
//! from memory.
//!
//! Correctness depends on the fence and on the [`Lease`] alone; the rest provides availability. A process with the
//! embedded store owns its directory by a lock, and needs none of this.

mod counts;
mod directories;
mod directory;
mod figures;
mod lease;
mod lock;
mod members;
mod node;
mod owners;
mod placement;
mod planner;
mod view;

pub use directories::Directories;
pub use directory::{Agreement, Directory, File, KnownNode, KnownNodes};
pub use figures::{Forwarded, Moves, OwnershipFigures, Waiting};
pub use lease::{LEASE_DURATION, Lease, ShardLease};
pub use lock::LockFile;
pub use node::{HEARTBEAT_INTERVAL, Node, NodeDescription, NodeFigures};
pub use owners::{KnownOwner, Owners};
pub use placement::{Member, place};
pub use planner::{Action, Holdings, MAX_RELEASES, Planner};
pub use view::View;

#[cfg(test)]
mod tests;
