//! The calls between nodes: one file for each that does more than ask [`PeerEvents`].

mod follow_shard;
mod get_owners;
mod prepare_shard;
mod tell;

use std::pin::Pin;
use std::sync::Arc;

use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use super::events::PeerEvents;
use super::pins::Pinned;
use crate::ids::ShardId;
use crate::proto::peer::v1::peer_service_server::PeerService as Service;
use crate::proto::peer::v1::{
    FollowShardRequest, FollowShardResponse, GetOwnersRequest, GetOwnersResponse, GetTokensRequest, GetTokensResponse,
    ListTenantsRequest, ListTenantsResponse, NoteTokenUseRequest, NoteTokenUseResponse, PrepareShardRequest,
    PrepareShardResponse, TellRequest, TellResponse, WithdrawTenantRequest, WithdrawTenantResponse,
};

/// Answers peers. The node that calls is an extension of each request.
pub(super) struct PeerService {
    events: Arc<dyn PeerEvents>,
}

impl PeerService {
    pub fn new(events: Arc<dyn PeerEvents>) -> Self {
        Self { events }
    }
}

/// The node that calls.
fn from<T>(request: &Request<T>) -> Result<&Pinned, Status> {
    request.extensions().get().ok_or_else(crate::status::internal)
}

/// `None`: there can be no shard of this number.
fn shard(number: u32) -> Option<ShardId> {
    number.try_into().ok().map(ShardId)
}

/// A node that asks for what this release cannot answer.
fn not_here(method: &str) -> Status {
    crate::status::no_such_method(&format!("/usher.peer.v1.PeerService/{method}"))
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

    async fn get_tokens(&self, _: Request<GetTokensRequest>) -> Result<Response<GetTokensResponse>, Status> {
        Err(not_here("GetTokens"))
    }

    async fn note_token_use(&self, _: Request<NoteTokenUseRequest>) -> Result<Response<NoteTokenUseResponse>, Status> {
        Err(not_here("NoteTokenUse"))
    }

    async fn withdraw_tenant(
        &self,
        _: Request<WithdrawTenantRequest>,
    ) -> Result<Response<WithdrawTenantResponse>, Status> {
        Err(not_here("WithdrawTenant"))
    }

    async fn list_tenants(&self, _: Request<ListTenantsRequest>) -> Result<Response<ListTenantsResponse>, Status> {
        Err(not_here("ListTenants"))
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
