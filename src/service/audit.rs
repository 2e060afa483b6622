//! AuditService: who did what, and when.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::Stream;
use tonic::{Request, Response, Status};

use super::audit_export::Exporting;
use super::context::ServiceContext;
use super::{parse, principal, render, status};
use crate::auth::Principal;
use crate::ids::TenantId;
use crate::ledger::access::{Role, Tenants};
use crate::proto::v1::{self, audit_service_server};

/// Reads the audit.
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

/// What is no tenant's, operators of all tenants may read: it names tenants, also those that there are not.
fn may_read(caller: &Principal, tenant: &TenantId) -> Result<(), Status> {
    let all = caller.roles.has(Role::Operator) && caller.tenants == Tenants::All;
    if *tenant == TenantId::installation() && !all { Err(status::not_allowed()) } else { Ok(()) }
}

#[tonic::async_trait]
impl audit_service_server::AuditService for AuditService {
    type ExportAuditEventsStream = Pin<Box<dyn Stream<Item = Result<v1::ExportAuditEventsResponse, Status>> + Send>>;

    async fn list_audit_events(
        &self,
        request: Request<v1::ListAuditEventsRequest>,
    ) -> Result<Response<v1::ListAuditEventsResponse>, Status> {
        let caller = principal(&request);
        let (tenant, mut filter, shape) = parse::list_audit_events(request.into_inner())?;
        may_read(&caller, &tenant)?;
        let limit = filter.limit;
        // One more than the page holds tells whether there is another page.
        filter.limit += 1;
        let read = self.context.journal.audit(&tenant, filter).await;
        let page = read.map_err(|error| status::unread(error, &tenant))?;
        Ok(Response::new(render::list_audit_events(&tenant, page, limit, shape)))
    }

    async fn export_audit_events(
        &self,
        request: Request<v1::ExportAuditEventsRequest>,
    ) -> Result<Response<Self::ExportAuditEventsStream>, Status> {
        let caller = principal(&request);
        let export = parse::export_audit_events(request.into_inner())?;
        may_read(&caller, &export.tenant)?;
        let place = self.context.exporting()?;
        Ok(Response::new(Box::pin(Exporting::new(Arc::clone(&self.context), export, place).stream())))
    }
}
