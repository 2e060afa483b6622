//! Changes of the API tokens travel between nodes at once. What is lost on the way is found out a second later
//! ([`crate::tasks::follow_tokens`]).

use std::sync::Arc;

use tokio::sync::watch;

use crate::auth::TokenEdition;
use crate::peers::Peers;
use crate::shards::AllShards;

/// Announces to the other nodes each change of the tokens, while this process keeps them.
pub(super) async fn announce(shards: Arc<AllShards>, peers: Arc<Peers>) {
    let mut editions = shards.local().tokens().editions();
    while editions.changed().await.is_ok() {
        let edition = *editions.borrow_and_update();
        if shards.local().keeps_tokens() {
            peers.tell_tokens_changed(edition);
        }
    }
}

/// Asks for the tokens whenever another node says that they were changed.
pub(super) async fn hear(shards: Arc<AllShards>, mut announced: watch::Receiver<TokenEdition>) {
    while announced.changed().await.is_ok() {
        let edition = *announced.borrow_and_update();
        if edition > shards.local().tokens().edition()
            && let Err(error) = shards.refresh_tokens().await
        {
            tracing::debug!(%error, "the API tokens were changed, and are not known yet");
        }
    }
}
