//! Shards that other nodes own: asks their owners, each once for all of its shards.

pub(super) mod policy;
pub(super) mod tenants;
pub(super) mod tokens;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use tokio::time::timeout;
use tonic::{Response, Status};

use super::channel::PeerClient;
use super::{Peers, access::Unknown};
use crate::auth::{TokenEdition, TokenUpdate};
use crate::cluster::Owners;
use crate::ids::{NodeId, ShardId, TenantId, TokenId};
use crate::ledger::change::Actor;
use crate::ledger::command::ListTenants;
use crate::ledger::time::WallTime;
use crate::proto::peer::v1 as wire;
use crate::shards::{RemoteShards, TenantsOfShards, Unanswered};

/// Longest time for an answer. Whoever asks, asks again, when the owner is known better.
const TIMEOUT: Duration = Duration::from_secs(1);
/// Bytes of an answer: ten thousand tokens, each for a hundred tenants with ids of common length, are a third of it.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// The shards of other nodes.
pub struct PeerShards {
    peers: Arc<Peers>,
    owners: Arc<Owners>,
    /// The shard to which the API tokens belong.
    installation: ShardId,
}

impl PeerShards {
    #[must_use]
    pub fn new(peers: Arc<Peers>, owners: Arc<Owners>, installation: ShardId) -> Self {
        Self { peers, owners, installation }
    }

    /// The owner of the API tokens; of this process it is known that it does not hold them.
    fn keeper(&self) -> Result<PeerClient, Unanswered> {
        let owner = self.owners.of(self.installation).node.ok_or(Unanswered)?;
        self.client(owner.id)
    }

    fn client(&self, node: NodeId) -> Result<PeerClient, Unanswered> {
        Ok(self.peers.client(node).ok_or(Unanswered)?.max_decoding_message_size(MAX_ANSWER))
    }

    /// The owner of each shard, as far as it is known.
    fn by_owner(&self, shards: &[ShardId]) -> BTreeMap<NodeId, Vec<ShardId>> {
        let mut owners = BTreeMap::<NodeId, Vec<ShardId>>::new();
        for shard in shards {
            if let Some(owner) = self.owners.of(*shard).node {
                owners.entry(owner.id).or_default().push(*shard);
            }
        }
        owners
    }

    async fn list(&self, node: NodeId, shards: &[ShardId], query: &ListTenants) -> Result<TenantsOfShards, Unanswered> {
        let mut client = self.client(node)?;
        let answer = answer("ListTenants", client.list_tenants(tenants::request(shards, query))).await?;
        let listed = tenants::parse_answer(answer).map_err(|unknown| passed_over("ListTenants", unknown))?;
        let asked = listed.shards.iter().all(|shard| shards.contains(shard));
        // More than that would be more than a page in the end, or tenants twice.
        if asked && listed.page.rows.len() <= query.limit { Ok(listed) } else { Err(Unanswered) }
    }
}

impl RemoteShards for PeerShards {
    fn list_tenants<'a>(
        &'a self,
        shards: &'a [ShardId],
        query: &'a ListTenants,
    ) -> BoxFuture<'a, Vec<TenantsOfShards>> {
        Box::pin(async move {
            let owners = self.by_owner(shards);
            let asked = owners.iter().map(|(node, shards)| self.list(*node, shards, query));
            join_all(asked).await.into_iter().flatten().collect()
        })
    }

    fn withdraw_tenant<'a>(&'a self, actor: &'a Actor, tenant: &'a TenantId) -> BoxFuture<'a, Result<(), Unanswered>> {
        Box::pin(async move {
            let (tenant_id, actor) = (tenant.as_str().to_owned(), actor.0.to_string());
            let request = wire::WithdrawTenantRequest { tenant_id, actor };
            answer("WithdrawTenant", self.keeper()?.withdraw_tenant(request)).await.map(drop)
        })
    }

    fn tokens(&self, known: TokenEdition) -> BoxFuture<'_, Result<TokenUpdate, Unanswered>> {
        Box::pin(async move {
            let request = wire::GetTokensRequest { edition: known.0 };
            let tokens = answer("GetTokens", self.keeper()?.get_tokens(request)).await?;
            tokens::parse_update(tokens, known).map_err(|unknown| passed_over("GetTokens", unknown))
        })
    }

    fn note_token_use<'a>(&'a self, uses: &'a [(TokenId, WallTime)]) -> BoxFuture<'a, Result<(), Unanswered>> {
        Box::pin(async move {
            let request = wire::NoteTokenUseRequest { uses: tokens::uses(uses) };
            answer("NoteTokenUse", self.keeper()?.note_token_use(request)).await.map(drop)
        })
    }
}

/// Waits for the answer of a peer.
async fn answer<T>(method: &str, asked: impl Future<Output = Result<Response<T>, Status>>) -> Result<T, Unanswered> {
    match timeout(TIMEOUT, asked).await {
        Ok(Ok(answer)) => Ok(answer.into_inner()),
        Ok(Err(status)) => {
            tracing::debug!(method, code = ?status.code(), "a peer did not answer");
            Err(Unanswered)
        }
        Err(_) => {
            tracing::debug!(method, "a peer did not answer in time");
            Err(Unanswered)
        }
    }
}

/// Half of an answer would be worse than none: it might lack what matters.
fn passed_over(method: &str, unknown: Unknown) -> Unanswered {
    tracing::warn!(method, %unknown, "the answer of a peer cannot be read");
    Unanswered
}

#[cfg(test)]
mod tests;
