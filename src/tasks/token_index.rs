//! Keeps this process's index of API tokens fresh: from its ledger, or from the process that holds the tokens (C10).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::timeout;

use super::Tasks;
use crate::auth::MAX_TOKEN_LIST_AGE;
use crate::shards::AllShards;

/// One process alone updates its index after each change, and has to follow only the ledger's high-water mark of time,
/// by which tokens expire.
const INTERVAL_ALONE: Duration = Duration::from_secs(60);
/// A token that is revoked through one of several processes is refused by all of them within two seconds: a second until
/// they ask, and one for the answer.
const INTERVAL_SHARED: Duration = Duration::from_secs(1);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// Starts the task. `shared`: other processes may change tokens, too.
pub fn follow_tokens(tasks: &Tasks, shards: &Arc<AllShards>, shared: bool) {
    let (shards, failing) = (Arc::clone(shards), Arc::new(AtomicBool::new(false)));
    let interval = if shared { INTERVAL_SHARED } else { INTERVAL_ALONE };
    tasks.every("tokens", interval, move || {
        let (shards, failing) = (Arc::clone(&shards), Arc::clone(&failing));
        async move { refresh(&shards, &failing).await }
    });
}

/// Logs a failure once, until the index is confirmed again.
async fn refresh(shards: &AllShards, failing: &AtomicBool) {
    let error = match timeout(ANSWER_TIMEOUT, shards.refresh_tokens()).await {
        Ok(Ok(())) => {
            if failing.swap(false, Ordering::Relaxed) {
                tracing::info!("the list of API tokens is confirmed again");
            }
            return;
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer within a second".to_owned(),
    };
    if shards.local().tokens().age() < MAX_TOKEN_LIST_AGE {
        tracing::debug!(error, "the list of API tokens was not confirmed");
    } else if !failing.swap(true, Ordering::Relaxed) {
        tracing::warn!(error, "the list of API tokens cannot be confirmed; nobody is let in by token");
    }
}
