//! What concerns all shards, or the one of the installation, whichever process owns them: lists over all tenants, and
//! API tokens. A call for one tenant needs none of this: it is forwarded as a whole.
//!
//! Services see [`AllShards`]. It answers from the shards of this process, which are [`LocalShards`], and asks the owners
//! of all others, which are [`RemoteShards`]; those answer from their `LocalShards`.

mod all;
mod local;
mod remote;
mod tenants;

pub use all::AllShards;
pub use local::LocalShards;
pub use remote::{NoOtherProcess, RemoteShards, TenantsOfShards, Unanswered};

use crate::ids::ShardId;
use crate::journal::JournalError;

/// Reason why a request about several shards has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShardsError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// No process that owns the shard could be asked: a list would lack its tenants.
    #[error("the owner of shard {0} cannot be asked")]
    OwnerAway(ShardId),
}

#[cfg(test)]
pub mod tests;
