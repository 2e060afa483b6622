//! The calls between nodes: one file for each.

mod follow_shard;
mod get_owners;
mod get_tokens;
mod list_tenants;
mod note_token_use;
mod prepare_shard;
mod tell;
mod withdraw_tenant;

use std::pin::Pin;
use std::sync::Arc;

use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use super::access::Unknown;
use super::events::PeerEvents;
use super::pins::Pinned;
use crate::ids::NodeId;
use crate::proto::peer::v1::peer_service_server::PeerService as Service;
use crate::proto::peer::v1::{
    FollowShardRequest, FollowShardResponse, GetOwnersRequest, GetOwnersResponse, GetTokensRequest, GetTokensResponse,
    ListTenantsRequest, ListTenantsResponse, NoteTokenUseRequest, NoteTokenUseResponse, PrepareShardRequest,
    PrepareShardResponse, TellRequest, TellResponse, WithdrawTenantRequest, WithdrawTenantResponse,
};
use crate::shards::LocalShards;

/// Answers peers. The node that calls is an extension of each request.
pub(super) struct PeerService {
    events: Arc<dyn PeerEvents>,
    shards: LocalShards,
}

impl PeerService {
    pub fn new(events: Arc<dyn PeerEvents>, shards: LocalShards) -> Self {
        Self { events, shards }
    }
}

/// The node that calls.
fn from<T>(request: &Request<T>) -> Result<&Pinned, Status> {
    request.extensions().get().ok_or_else(crate::status::internal)
}

/// A request of which this release does not understand a part.
fn not_understood(node: NodeId, unknown: Unknown) -> Status {
    tracing::warn!(%node, %unknown, "a request of a peer cannot be read");
    crate::status::internal()
}

/// The batches of a shard.
type FollowShardStream = Pin<Box<dyn Stream<Item = Result<FollowShardResponse, Status>> + Send>>;

#[tonic::async_trait]
impl Service for PeerService {
    type FollowShardStream = FollowShardStream;

    async fn tell(&self, request: Request<TellRequest>) -> Result<Response<TellResponse>, Status> {
        tell::tell(&*self.events, request)
    }

    async fn get_owners(&self, request: Request<GetOwnersRequest>) -> Result<Response<GetOwnersResponse>, Status> {
        get_owners::get_owners(&*self.events, request)
    }

    async fn get_tokens(&self, request: Request<GetTokensRequest>) -> Result<Response<GetTokensResponse>, Status> {
        get_tokens::get_tokens(&self.shards, request).await
    }

    async fn note_token_use(
        &self,
        request: Request<NoteTokenUseRequest>,
    ) -> Result<Response<NoteTokenUseResponse>, Status> {
        note_token_use::note_token_use(&self.shards, request).await
    }

    async fn withdraw_tenant(
        &self,
        request: Request<WithdrawTenantRequest>,
    ) -> Result<Response<WithdrawTenantResponse>, Status> {
        withdraw_tenant::withdraw_tenant(&self.shards, request).await
    }

    async fn list_tenants(
        &self,
        request: Request<ListTenantsRequest>,
    ) -> Result<Response<ListTenantsResponse>, Status> {
        list_tenants::list_tenants(&self.shards, request).await
    }

    async fn prepare_shard(
        &self,
        request: Request<PrepareShardRequest>,
    ) -> Result<Response<PrepareShardResponse>, Status> {
        prepare_shard::prepare_shard(&*self.events, request).await
    }

    async fn follow_shard(
        &self,
        request: Request<FollowShardRequest>,
    ) -> Result<Response<Self::FollowShardStream>, Status> {
        follow_shard::follow_shard(&*self.events, request)
    }
}
