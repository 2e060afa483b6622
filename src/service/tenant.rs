//! TenantService: tenants, their policies, and their usage.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::context::ServiceContext;
use super::tenant_access::TenantAccess;
use super::{caller, parse, render};
use crate::ledger::command::{DeleteTenant, GetTenant, GetUsage, SuspendTenant};
use crate::proto::v1::{self, tenant_service_server};
use crate::status;

/// Manages tenants, and returns their usage.
#[derive(Clone)]
pub struct TenantService {
    context: Arc<ServiceContext>,
}

impl TenantService {
    #[must_use]
    pub fn new(context: Arc<ServiceContext>) -> Self {
        Self { context }
    }

    /// Suspends or resumes a tenant.
    async fn suspend<T>(&self, request: &Request<T>, tenant_id: &str, suspend: bool) -> Result<v1::Tenant, Status> {
        let tenant = parse::tenant_id(tenant_id)?;
        let answer = self.context.tenant_access(caller(request)?, tenant)?.submit(SuspendTenant { suspend }).await??;
        Ok(render::tenant(answer))
    }
}

/// Deletes a tenant, and removes it from the API tokens of the installation, both before and after: a token that names
/// the tenant in between must not be valid for a later tenant with the same id.
///
/// # Errors
/// If the tokens cannot be changed, nothing is deleted.
async fn delete(context: &ServiceContext, access: &TenantAccess) -> Result<(), Status> {
    let withdraw = || context.shards.withdraw_tenant(access.caller().actor(), access.tenant());
    withdraw().await?;
    access.submit(DeleteTenant).await??;
    Ok(withdraw().await?)
}

#[tonic::async_trait]
impl tenant_service_server::TenantService for TenantService {
    async fn create_tenant(
        &self,
        request: Request<v1::CreateTenantRequest>,
    ) -> Result<Response<v1::CreateTenantResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, command) = parse::create_tenant(request.into_inner())?;
        let answer = self.context.tenant_access(caller, tenant)?.submit(command).await??;
        Ok(Response::new(v1::CreateTenantResponse { tenant: Some(render::tenant(answer)) }))
    }

    async fn get_tenant(
        &self,
        request: Request<v1::GetTenantRequest>,
    ) -> Result<Response<v1::GetTenantResponse>, Status> {
        let caller = caller(&request)?;
        let tenant = parse::tenant_id(&request.get_ref().tenant_id)?;
        let found = self.context.tenant_access(caller, tenant)?.query(GetTenant).await??;
        Ok(Response::new(v1::GetTenantResponse { tenant: Some(render::tenant(found)) }))
    }

    async fn update_tenant(
        &self,
        request: Request<v1::UpdateTenantRequest>,
    ) -> Result<Response<v1::UpdateTenantResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, command) = parse::update_tenant(request.into_inner())?;
        let answer = self.context.tenant_access(caller, tenant)?.submit(command).await??;
        Ok(Response::new(v1::UpdateTenantResponse { tenant: Some(render::tenant(answer)) }))
    }

    async fn list_tenants(
        &self,
        request: Request<v1::ListTenantsRequest>,
    ) -> Result<Response<v1::ListTenantsResponse>, Status> {
        let caller = caller(&request)?;
        let (mut query, shape) = parse::list_tenants(self.context.opaque_ids(), request.into_inner())?;
        // List only the caller's own tenants (R1).
        query.among = caller.tenants();
        let page = self.context.shards.list_tenants(&query).await?;
        Ok(Response::new(render::list_tenants(page, &shape)))
    }

    async fn suspend_tenant(
        &self,
        request: Request<v1::SuspendTenantRequest>,
    ) -> Result<Response<v1::SuspendTenantResponse>, Status> {
        let tenant = self.suspend(&request, &request.get_ref().tenant_id, true).await?;
        Ok(Response::new(v1::SuspendTenantResponse { tenant: Some(tenant) }))
    }

    async fn resume_tenant(
        &self,
        request: Request<v1::ResumeTenantRequest>,
    ) -> Result<Response<v1::ResumeTenantResponse>, Status> {
        let tenant = self.suspend(&request, &request.get_ref().tenant_id, false).await?;
        Ok(Response::new(v1::ResumeTenantResponse { tenant: Some(tenant) }))
    }

    async fn delete_tenant(
        &self,
        request: Request<v1::DeleteTenantRequest>,
    ) -> Result<Response<v1::DeleteTenantResponse>, Status> {
        let caller = caller(&request)?;
        let tenant = parse::tenant_id(&request.get_ref().tenant_id)?;
        let access = self.context.tenant_access(caller, tenant)?;
        access.query(GetTenant).await??;
        // Spawned, so that it is completed even if the caller goes away.
        let context = Arc::clone(&self.context);
        let deleted = tokio::spawn(async move { delete(&context, &access).await });
        deleted.await.unwrap_or_else(|_| Err(status::internal()))?;
        Ok(Response::new(v1::DeleteTenantResponse {}))
    }

    async fn get_usage(&self, request: Request<v1::GetUsageRequest>) -> Result<Response<v1::GetUsageResponse>, Status> {
        let caller = caller(&request)?;
        let tenant = parse::tenant_id(&request.get_ref().tenant_id)?;
        let access = self.context.tenant_access(caller, tenant)?;
        let usage = access.query(GetUsage).await??;
        Ok(Response::new(render::usage(access.tenant(), usage)))
    }
}
