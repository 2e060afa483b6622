//! Who makes a change.

use std::sync::Arc;

/// Actor of a command: the name of a principal, or the service itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Actor(pub Arc<str>);

const SERVICE: &str = "usher";

impl Actor {
    /// Actor of what nobody requests: leases that end, the demo tenant.
    #[must_use]
    pub fn service() -> Self {
        Actor(SERVICE.into())
    }

    /// True if no principal made the request: see [`Self::service`].
    #[must_use]
    pub fn is_service(&self) -> bool {
        &*self.0 == SERVICE
    }
}
