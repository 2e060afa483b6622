//! Writes the last use of API tokens once a minute.

use std::sync::Arc;
use std::time::Duration;

use super::Tasks;
use crate::shards::AllShards;

const FLUSH_INTERVAL: Duration = Duration::from_secs(60);

/// Starts the task. After it was stopped, [`AllShards::write_token_use`] writes the rest.
pub fn note_token_use(tasks: &Tasks, shards: &Arc<AllShards>) {
    let shards = Arc::clone(shards);
    tasks.every("token use", FLUSH_INTERVAL, move || {
        let shards = Arc::clone(&shards);
        async move {
            // If this fails, the next run writes it.
            if let Err(error) = shards.write_token_use().await {
                tracing::debug!(%error, "the use of API tokens was not recorded");
            }
        }
    });
}
