//! What is done for each shard that this process has just opened, by whichever way it came here: the vendor's revocations
//! are applied, and the demo tenant is created.

use std::sync::Arc;

use super::licensing;
use crate::clock::Clock;
use crate::demo::{self, DemoError};
use crate::ids::ShardId;
use crate::journal::Journal;
use crate::license::SigningKey;
use crate::licensing::Licensing;
use crate::ownership::OnOpened;

/// Everything that opened shards need.
pub(super) struct OpenedShards {
    pub journal: Arc<Journal>,
    pub licensing: Arc<Licensing>,
    /// With `--demo`: the key that signs the demo tenant's license.
    pub demo: Option<SigningKey>,
    pub clock: Clock,
    /// A shard of the start is set up by its claim and by the start: whoever is later finds what is there.
    pub turn: tokio::sync::Mutex<()>,
}

impl OpenedShards {
    /// Must be called after the shards serve.
    ///
    /// # Errors
    /// [`DemoError`]: the demo tenant was not created.
    pub async fn set_up(&self, opened: &[ShardId]) -> Result<(), DemoError> {
        let _turn = self.turn.lock().await;
        licensing::revoke(&self.journal, self.licensing.trust().revocations(), opened).await;
        let Some(key) = &self.demo else { return Ok(()) };
        let vendor = demo::Vendor { key, now: self.clock.wall() };
        demo::make(opened, &self.journal, &self.licensing, &vendor).await
    }
}

/// Sets up each shard that is opened from now on, in a task of its own. The start waits for its shards with
/// [`OpenedShards::set_up`], because the outcome matters for it.
pub(super) fn set_up_later(opened: &Arc<OpenedShards>) -> OnOpened {
    let opened = Arc::clone(opened);
    Box::new(move |shard| {
        let opened = Arc::clone(&opened);
        tokio::spawn(async move {
            if let Err(error) = opened.set_up(&[shard]).await {
                tracing::warn!(%shard, %error, "the demo tenant was not made");
            }
        });
    })
}
