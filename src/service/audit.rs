//! AuditService: lists and exports audit events.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::Stream;
use tonic::{Request, Response, Status};

use super::audit_export::Exporting;
use super::context::ServiceContext;
use super::{caller, parse, render};
use crate::auth::Caller;
use crate::ids::TenantId;
use crate::ledger::access::{Role, Roles};
use crate::proto::v1::{self, audit_service_server};
use crate::status;

/// Lists and exports audit events.
#[derive(Clone)]
pub struct AuditService {
    context: Arc<ServiceContext>,
}

impl AuditService {
    #[must_use]
    pub fn new(context: Arc<ServiceContext>) -> Self {
        Self { context }
    }
}

/// Authorizes reading events that belong to no tenant: only for operators of all tenants, because these events name
/// tenants, even ones that do not exist.
///
/// # Errors
/// `PERMISSION_DENIED`.
fn may_read(caller: &Caller, tenant: &TenantId) -> Result<(), Status> {
    let all = caller.principal.all_tenants_for(Roles::NONE.with(Role::Operator));
    if *tenant == TenantId::installation() && !all { Err(status::not_allowed()) } else { Ok(()) }
}

#[tonic::async_trait]
impl audit_service_server::AuditService for AuditService {
    type ExportAuditEventsStream = Pin<Box<dyn Stream<Item = Result<v1::ExportAuditEventsResponse, Status>> + Send>>;

    async fn list_audit_events(
        &self,
        request: Request<v1::ListAuditEventsRequest>,
    ) -> Result<Response<v1::ListAuditEventsResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, mut filter, shape) = parse::list_audit_events(self.context.opaque_ids(), request.into_inner())?;
        may_read(&caller, &tenant)?;
        let limit = filter.limit;
        // One more event than the page holds shows whether there is another page.
        filter.limit += 1;
        let access = self.context.tenant_access(caller, tenant)?;
        let page = access.audit(filter).await?;
        Ok(Response::new(render::list_audit_events(access.tenant(), &access.event_ids(), page, limit, &shape)))
    }

    async fn export_audit_events(
        &self,
        request: Request<v1::ExportAuditEventsRequest>,
    ) -> Result<Response<Self::ExportAuditEventsStream>, Status> {
        let caller = caller(&request)?;
        let export = parse::export_audit_events(self.context.opaque_ids(), request.into_inner())?;
        may_read(&caller, &export.tenant)?;
        let access = self.context.tenant_access(caller, export.tenant.clone())?;
        let permit = self.context.exporting(&access)?;
        let shutdown = self.context.shutdown.clone();
        Ok(Response::new(Box::pin(Exporting::new(access, export, shutdown, permit).stream())))
    }
}
