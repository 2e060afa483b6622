//! TenantService: tenants, their policies, and their usage.

use std::sync::Arc;

use futures_util::future::try_join_all;
use tonic::{Request, Response, Status};

use super::context::ServiceContext;
use super::tenant_access::TenantAccess;
use super::{caller, parse, render};
use crate::ids::{ShardId, TenantId};
use crate::journal::JournalError;
use crate::ledger::command::{
    Cursor, DeleteTenant, GetTenant, GetUsage, ListTenants, Page, SuspendTenant, WithdrawTenant,
};
use crate::ledger::outcome::TenantView;
use crate::proto::v1::{self, tenant_service_server};

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

    /// Reads one page over all shards: each shard returns its first tenants after the cursor, and the first of all
    /// these make the page.
    async fn page(&self, query: ListTenants) -> Result<Page<TenantView>, Status> {
        let journal = self.context.journal();
        let pages_of_shards = (0..journal.shards()).map(|shard| journal.query_shard(ShardId(shard), query.clone()));
        let pages = try_join_all(pages_of_shards).await?;
        Ok(merge(pages, query.limit))
    }
}

/// Deletes a tenant, and removes it from the API tokens of the installation, both before and after: a token that names
/// the tenant in between must not be valid for a later tenant with the same id.
async fn delete(context: &ServiceContext, access: &TenantAccess) -> Result<(), Status> {
    withdraw(context, access).await?;
    access.submit(DeleteTenant).await??;
    Ok(withdraw(context, access).await?)
}

/// Removes the tenant from all tokens, and reloads the token index.
async fn withdraw(context: &ServiceContext, access: &TenantAccess) -> Result<(), JournalError> {
    let mut command = WithdrawTenant { gone: access.tenant().clone(), after: None };
    loop {
        command.after =
            context.journal().submit(access.caller().actor(), &TenantId::installation(), command.clone()).await?;
        if command.after.is_none() {
            break;
        }
    }
    context.tokens.reload(context.journal()).await
}

/// Merges pages that start at the same cursor into the first `limit` tenants by id.
fn merge(pages: Vec<Page<TenantView>>, limit: usize) -> Page<TenantView> {
    let mut more = pages.iter().any(|page| page.next.is_some());
    let mut rows: Vec<TenantView> = pages.into_iter().flat_map(|page| page.rows).collect();
    rows.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    more |= rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| more);
    let next = last.map(|tenant| Cursor { id: tenant.id.as_str().to_owned(), ..Cursor::default() });
    Page { rows, next }
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
        let page = self.page(query).await?;
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
        deleted.await.unwrap_or_else(|_| Err(JournalError::Failed.into()))?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::change::TenantState;
    use crate::ledger::policy::Policy;
    use crate::ledger::time::WallTime;

    fn page(ids: &[&str], more: bool) -> Page<TenantView> {
        let row = |id: &&str| TenantView {
            id: TenantId::stored(id),
            display_name: "".into(),
            contact: "".into(),
            state: TenantState::Active,
            policy: Policy::default(),
            created: WallTime(0),
            version: 1,
        };
        Page { rows: ids.iter().map(row).collect(), next: more.then(Cursor::default) }
    }

    #[test]
    fn pages_of_shards_become_one() {
        let check = |pages: Vec<Page<TenantView>>, limit, ids: &[&str], next: Option<&str>| {
            let merged = merge(pages, limit);
            assert_eq!(merged.rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ids);
            assert_eq!(merged.next.map(|cursor| cursor.id).as_deref(), next);
        };
        check(vec![], 2, &[], None);
        check(vec![page(&["b"], false), page(&["a"], false)], 2, &["a", "b"], None);
        check(vec![page(&["b", "d"], false), page(&["a", "c"], false)], 2, &["a", "b"], Some("b"));
        check(vec![page(&["a", "b"], true), page(&["c"], false)], 2, &["a", "b"], Some("b"));
        check(vec![page(&["a", "b"], true), page(&[], false)], 2, &["a", "b"], Some("b"));
    }
}
