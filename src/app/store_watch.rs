//! Checks once a second that the store is still the one that was opened. While it is not, the service is not ready and
//! acknowledges nothing that must be stored; it recovers by itself when the same store is back (decision 47).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::health::{NotReadyReason, Readiness};
use crate::store::Store;

const CHECK_INTERVAL: Duration = Duration::from_secs(1);

pub(super) async fn follow(store: Arc<dyn Store>, readiness: Arc<Readiness>) {
    let mut looks = tokio::time::interval(CHECK_INTERVAL);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let replaced = readiness.now().has(NotReadyReason::StoreReplaced);
        match store.is_there().await {
            Ok(()) if replaced => {
                tracing::warn!("the store is available again");
                readiness.clear(NotReadyReason::StoreReplaced);
            }
            Err(error) if !replaced && !readiness.now().has(NotReadyReason::Draining) => {
                tracing::error!(%error, "the store's files were replaced; nothing is acknowledged");
                readiness.set(NotReadyReason::StoreReplaced);
            }
            _ => {}
        }
    }
}
