//! Ids of processes that share a store.

use std::fmt;

use uuid::Uuid;

use super::random_uuid;

/// Id of a process that serves from a shared store: drawn at each start, and whenever the process joins again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub Uuid);

impl NodeId {
    /// A fresh id from the operating system's random source.
    #[must_use]
    pub fn random() -> Self {
        Self(random_uuid())
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
