//! The API tokens that a node knows: a copy of what the ledger of the installation's shard has, read once a second from
//! whoever owns that shard, as in production (C10).

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, ready};
use tokio::time::{interval, timeout};
use usher::auth::{TokenEdition, TokenUpdate};
use usher::ids::{ShardId, TenantId, TokenId};
use usher::ledger::change::Actor;
use usher::ledger::command::ListTenants;
use usher::ledger::time::WallTime;
use usher::shards::{AllShards, RemoteShards, TenantsOfShards, Unanswered};

use super::call::{Answer, CallRequest};
use super::node_call::{Front, Visit};

/// Time between two questions, and until one is given up.
const INTERVAL: Duration = Duration::from_secs(1);

/// The number of calls that no client sends.
const OF_NO_CLIENT: usize = 0;

/// The owners of other shards, asked by a node. Nothing but the tokens is asked for here.
struct Others(Arc<Front>);

impl RemoteShards for Others {
    fn list_tenants<'a>(&'a self, _: &'a [ShardId], _: &'a ListTenants) -> BoxFuture<'a, Vec<TenantsOfShards>> {
        ready(Vec::new()).boxed()
    }

    fn withdraw_tenant<'a>(&'a self, _: &'a Actor, _: &'a TenantId) -> BoxFuture<'a, Result<(), Unanswered>> {
        ready(Err(Unanswered)).boxed()
    }

    fn tokens(&self, known: TokenEdition) -> BoxFuture<'_, Result<TokenUpdate, Unanswered>> {
        let visit = Visit {
            call: OF_NO_CLIENT,
            tenant: TenantId::installation(),
            request: CallRequest::Tokens(known),
            is_repeated: false,
            visited: Vec::new(),
            sent_to: None,
            _ticket: Arc::new(()),
        };
        let answer = Arc::clone(&self.0).answer(visit);
        async move {
            match answer.await.answer {
                Ok(Answer::Tokens(update)) => Ok(update),
                _ => Err(Unanswered),
            }
        }
        .boxed()
    }

    fn note_token_use<'a>(&'a self, _: &'a [(TokenId, WallTime)]) -> BoxFuture<'a, Result<(), Unanswered>> {
        ready(Err(Unanswered)).boxed()
    }
}

/// Keeps the node's copy of the tokens up to date.
pub async fn follow(front: Arc<Front>) {
    let shards = AllShards::new(front.local.clone(), Arc::new(Others(Arc::clone(&front))));
    let mut turns = interval(INTERVAL);
    loop {
        turns.tick().await;
        // Without an answer the copy stays as it is, and counts for 30 s.
        let _ = timeout(INTERVAL, shards.refresh_tokens()).await;
    }
}
