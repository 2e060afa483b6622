//! DirectoryService: users and organizations of a tenant.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::Stream;
use tonic::{Request, Response, Status, Streaming};

use super::context::ServiceContext;
use super::export::Exporting;
use super::sync::Sync;
use super::{caller, parse, render};
use crate::ledger::command::GetTenant;
use crate::proto::v1::{self, directory_service_server};

/// Manages users and organizations, and syncs and exports users.
#[derive(Clone)]
pub struct DirectoryService {
    context: Arc<ServiceContext>,
}

impl DirectoryService {
    #[must_use]
    pub fn new(context: Arc<ServiceContext>) -> Self {
        Self { context }
    }
}

#[tonic::async_trait]
impl directory_service_server::DirectoryService for DirectoryService {
    async fn create_user(
        &self,
        request: Request<v1::CreateUserRequest>,
    ) -> Result<Response<v1::CreateUserResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, command) = parse::create_user(request.into_inner(), &self.context.limits)?;
        let answer = self.context.tenant_access(caller, tenant)?.submit(command).await??;
        Ok(Response::new(render::created_user(answer)))
    }

    async fn get_user(&self, request: Request<v1::GetUserRequest>) -> Result<Response<v1::GetUserResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, query) = parse::get_user(request.into_inner())?;
        let found = self.context.tenant_access(caller, tenant)?.query(query).await??;
        Ok(Response::new(v1::GetUserResponse { user: Some(render::user(found)) }))
    }

    async fn update_user(
        &self,
        request: Request<v1::UpdateUserRequest>,
    ) -> Result<Response<v1::UpdateUserResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, command) = parse::update_user(request.into_inner())?;
        let answer = self.context.tenant_access(caller, tenant)?.submit(command).await??;
        Ok(Response::new(v1::UpdateUserResponse { user: Some(render::user(answer)) }))
    }

    async fn rename_user(
        &self,
        request: Request<v1::RenameUserRequest>,
    ) -> Result<Response<v1::RenameUserResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, command) = parse::rename_user(request.into_inner())?;
        let answer = self.context.tenant_access(caller, tenant)?.submit(command).await??;
        Ok(Response::new(v1::RenameUserResponse { user: Some(render::user(answer)) }))
    }

    async fn list_users(
        &self,
        request: Request<v1::ListUsersRequest>,
    ) -> Result<Response<v1::ListUsersResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, query, shape) = parse::list_users(self.context.opaque_ids(), request.into_inner())?;
        let page = self.context.tenant_access(caller, tenant)?.query(query).await??;
        Ok(Response::new(render::list_users(page, &shape)))
    }

    async fn block_user(
        &self,
        request: Request<v1::BlockUserRequest>,
    ) -> Result<Response<v1::BlockUserResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, command) = parse::block_user(request.into_inner())?;
        let answer = self.context.tenant_access(caller, tenant)?.submit(command).await??;
        Ok(Response::new(v1::BlockUserResponse { user: Some(render::user(answer)) }))
    }

    async fn unblock_user(
        &self,
        request: Request<v1::UnblockUserRequest>,
    ) -> Result<Response<v1::UnblockUserResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, command) = parse::unblock_user(request.into_inner())?;
        let answer = self.context.tenant_access(caller, tenant)?.submit(command).await??;
        Ok(Response::new(render::unblocked_user(answer)))
    }

    async fn delete_user(
        &self,
        request: Request<v1::DeleteUserRequest>,
    ) -> Result<Response<v1::DeleteUserResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, command) = parse::delete_user(request.into_inner())?;
        self.context.tenant_access(caller, tenant)?.submit(command).await??;
        Ok(Response::new(v1::DeleteUserResponse {}))
    }

    async fn sync_users(
        &self,
        request: Request<Streaming<v1::SyncUsersRequest>>,
    ) -> Result<Response<v1::SyncUsersResponse>, Status> {
        let caller = caller(&request)?;
        Sync::run(Arc::clone(&self.context), caller, request.into_inner()).await.map(Response::new)
    }

    type ExportUsersStream = Pin<Box<dyn Stream<Item = Result<v1::ExportUsersResponse, Status>> + Send>>;

    async fn export_users(
        &self,
        request: Request<v1::ExportUsersRequest>,
    ) -> Result<Response<Self::ExportUsersStream>, Status> {
        let caller = caller(&request)?;
        let wanted = parse::export_users(self.context.opaque_ids(), request.into_inner())?;
        let access = self.context.tenant_access(caller, wanted.tenant.clone())?;
        // Fail before the first byte, so that no client takes the error for an empty file.
        access.query(GetTenant).await??;
        let permit = self.context.exporting(&access)?;
        let shutdown = self.context.shutdown.clone();
        Ok(Response::new(Box::pin(Exporting::new(access, wanted, shutdown, permit).stream())))
    }

    async fn create_organization(
        &self,
        request: Request<v1::CreateOrganizationRequest>,
    ) -> Result<Response<v1::CreateOrganizationResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, command) = parse::create_organization(request.into_inner())?;
        let answer = self.context.tenant_access(caller, tenant)?.submit(command).await??;
        let organization = Some(render::organization(answer));
        Ok(Response::new(v1::CreateOrganizationResponse { organization }))
    }

    async fn update_organization(
        &self,
        request: Request<v1::UpdateOrganizationRequest>,
    ) -> Result<Response<v1::UpdateOrganizationResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, command) = parse::update_organization(request.into_inner())?;
        let answer = self.context.tenant_access(caller, tenant)?.submit(command).await??;
        let organization = Some(render::organization(answer));
        Ok(Response::new(v1::UpdateOrganizationResponse { organization }))
    }

    async fn list_organizations(
        &self,
        request: Request<v1::ListOrganizationsRequest>,
    ) -> Result<Response<v1::ListOrganizationsResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, query, shape) = parse::list_organizations(self.context.opaque_ids(), request.into_inner())?;
        let page = self.context.tenant_access(caller, tenant)?.query(query).await??;
        Ok(Response::new(render::list_organizations(page, &shape)))
    }

    async fn delete_organization(
        &self,
        request: Request<v1::DeleteOrganizationRequest>,
    ) -> Result<Response<v1::DeleteOrganizationResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, command) = parse::delete_organization(request.into_inner())?;
        self.context.tenant_access(caller, tenant)?.submit(command).await??;
        Ok(Response::new(v1::DeleteOrganizationResponse {}))
    }
}
