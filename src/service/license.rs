//! LicenseService: installs, lists and deletes licenses, asks the vendor for more, and says what was bought.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::context::ServiceContext;
use super::{caller, parse, render, status};
use crate::ids::TenantId;
use crate::ledger::command::{DeleteLicenses, GetEntitlements, GetLicenseInformation, GetTenant, ListLicenses};
use crate::ledger::license_view::LicenseView;
use crate::proto::v1::{self, license_service_server};

/// A tenant has at most a hundred licenses, of each the newest revision and eight before it.
const ALL: usize = 1_000;

/// Licenses, for administrators and applications.
#[derive(Clone)]
pub struct LicenseService {
    context: Arc<ServiceContext>,
}

impl LicenseService {
    #[must_use]
    pub fn new(context: Arc<ServiceContext>) -> Self {
        Self { context }
    }

    fn installation(&self) -> render::Installation<'_> {
        let ServiceContext { journal, licensing, .. } = &*self.context;
        let now = licensing.clock().wall();
        render::Installation { instance: journal.instance(), host_names: licensing.host_names(), now }
    }

    async fn all(&self, tenant: &TenantId) -> Result<Vec<LicenseView>, Status> {
        Ok(self.context.journal.ask(tenant, ListLicenses { after: None, limit: ALL }).await??.rows)
    }
}

#[tonic::async_trait]
impl license_service_server::LicenseService for LicenseService {
    async fn install_license(
        &self,
        request: Request<v1::InstallLicenseRequest>,
    ) -> Result<Response<v1::InstallLicenseResponse>, Status> {
        let actor = caller(&request);
        let (tenant, document) = parse::install_license(request.into_inner())?;
        let journal = &self.context.journal;
        let command = self.context.licensing.admit(&document, &tenant, journal.instance());
        let command = command.map_err(|rejection| status::rejected(&rejection))?;
        let change = journal.submit(&actor, &tenant, command).await??;
        Ok(Response::new(render::installed(change)))
    }

    async fn list_licenses(
        &self,
        request: Request<v1::ListLicensesRequest>,
    ) -> Result<Response<v1::ListLicensesResponse>, Status> {
        let (tenant, query, shape) = parse::list_licenses(request.into_inner())?;
        let page = self.context.journal.ask(&tenant, query).await??;
        Ok(Response::new(render::list_licenses(page, shape)))
    }

    async fn delete_license(
        &self,
        request: Request<v1::DeleteLicenseRequest>,
    ) -> Result<Response<v1::DeleteLicenseResponse>, Status> {
        let actor = caller(&request);
        let (tenant, command) = parse::delete_license(request.into_inner())?;
        let change = self.context.journal.submit(&actor, &tenant, command).await??;
        Ok(Response::new(v1::DeleteLicenseResponse { pools: render::pool_changes(change.pools) }))
    }

    async fn delete_licenses(
        &self,
        request: Request<v1::DeleteLicensesRequest>,
    ) -> Result<Response<v1::DeleteLicensesResponse>, Status> {
        let actor = caller(&request);
        let tenant = parse::tenant_id(&request.get_ref().tenant_id)?;
        let change = self.context.journal.submit(&actor, &tenant, DeleteLicenses).await??;
        let pools = render::pool_changes(change.pools);
        Ok(Response::new(v1::DeleteLicensesResponse { changed: change.changed, pools }))
    }

    async fn create_license_request(
        &self,
        request: Request<v1::CreateLicenseRequestRequest>,
    ) -> Result<Response<v1::CreateLicenseRequestResponse>, Status> {
        let wanted = parse::create_license_request(request.into_inner())?;
        let journal = &self.context.journal;
        let policy = journal.ask(&wanted.tenant, GetTenant).await??.policy;
        wanted.check_step(policy.seat_request_step)?;
        let information = journal.ask(&wanted.tenant, GetLicenseInformation).await??;
        wanted.check_moves(&information.pools)?;
        let licenses = self.all(&wanted.tenant).await?;
        Ok(Response::new(render::license_request(wanted, information, licenses, &self.installation())))
    }

    async fn get_license_information(
        &self,
        request: Request<v1::GetLicenseInformationRequest>,
    ) -> Result<Response<v1::GetLicenseInformationResponse>, Status> {
        let tenant = parse::tenant_id(&request.get_ref().tenant_id)?;
        let information = self.context.journal.ask(&tenant, GetLicenseInformation).await??;
        Ok(Response::new(render::license_information(information, &self.installation())))
    }

    async fn get_entitlements(
        &self,
        request: Request<v1::GetEntitlementsRequest>,
    ) -> Result<Response<v1::GetEntitlementsResponse>, Status> {
        let tenant = parse::tenant_id(&request.get_ref().tenant_id)?;
        let given = self.context.journal.ask(&tenant, GetEntitlements).await??;
        Ok(Response::new(render::entitlements(given)))
    }
}
