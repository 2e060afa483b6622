//! Shards that other processes own.

use futures_util::future::{BoxFuture, FutureExt};

use crate::auth::{TokenEdition, TokenUpdate};
use crate::ids::{ShardId, TenantId, TokenId};
use crate::ledger::change::Actor;
use crate::ledger::command::{ListTenants, Page};
use crate::ledger::outcome::TenantView;
use crate::ledger::time::WallTime;

/// The other process could not be reached, does not own the shard, or cannot answer at present. Asking again, when the
/// owner is known better, may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no other process answered for the shard")]
pub struct Unanswered;

/// Tenants of some shards.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantsOfShards {
    /// The shards whose tenants they are, whether these have any or not.
    pub shards: Vec<ShardId>,
    pub page: Page<TenantView>,
}

/// Shards that other processes own. Each request goes to the owners as far as they are known, is bounded in time by the
/// implementation, and is harmless if it is repeated.
pub trait RemoteShards: Send + Sync + 'static {
    /// Asks the owners of these shards for the first tenants after the cursor: each owner once, for all of its shards.
    /// Shards whose owner did not answer are in no part of the answer.
    fn list_tenants<'a>(&'a self, shards: &'a [ShardId], query: &'a ListTenants)
    -> BoxFuture<'a, Vec<TenantsOfShards>>;

    /// Removes a deleted tenant from the tokens of the installation.
    fn withdraw_tenant<'a>(&'a self, actor: &'a Actor, tenant: &'a TenantId) -> BoxFuture<'a, Result<(), Unanswered>>;

    /// Asks for the API tokens that differ from those of an edition.
    fn tokens(&self, known: TokenEdition) -> BoxFuture<'_, Result<TokenUpdate, Unanswered>>;

    /// Notes the last uses of API tokens.
    fn note_token_use<'a>(&'a self, uses: &'a [(TokenId, WallTime)]) -> BoxFuture<'a, Result<(), Unanswered>>;
}

/// The embedded store belongs to one process, which owns every shard.
#[derive(Debug, Clone, Copy)]
pub struct NoOtherProcess;

impl RemoteShards for NoOtherProcess {
    fn list_tenants<'a>(&'a self, _: &'a [ShardId], _: &'a ListTenants) -> BoxFuture<'a, Vec<TenantsOfShards>> {
        std::future::ready(Vec::new()).boxed()
    }

    fn withdraw_tenant<'a>(&'a self, _: &'a Actor, _: &'a TenantId) -> BoxFuture<'a, Result<(), Unanswered>> {
        std::future::ready(Err(Unanswered)).boxed()
    }

    fn tokens(&self, _: TokenEdition) -> BoxFuture<'_, Result<TokenUpdate, Unanswered>> {
        std::future::ready(Err(Unanswered)).boxed()
    }

    fn note_token_use<'a>(&'a self, _: &'a [(TokenId, WallTime)]) -> BoxFuture<'a, Result<(), Unanswered>> {
        std::future::ready(Err(Unanswered)).boxed()
    }
}
