//! LicenseService: installs, lists and deletes licenses, asks the vendor for more, and says what was bought.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::context::ServiceContext;
use super::desk::Desk;
use super::{caller, parse, render, status};
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
        let licensing = &self.context.licensing;
        let now = licensing.clock().wall();
        let (host_names, addresses) = (licensing.host_names(), licensing.addresses());
        render::Installation { instance: self.context.instance(), host_names, addresses, now }
    }
}

async fn all(desk: &Desk) -> Result<Vec<LicenseView>, Status> {
    Ok(desk.ask(ListLicenses { after: None, limit: ALL }).await??.rows)
}

#[tonic::async_trait]
impl license_service_server::LicenseService for LicenseService {
    async fn install_license(
        &self,
        request: Request<v1::InstallLicenseRequest>,
    ) -> Result<Response<v1::InstallLicenseResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, document) = parse::install_license(request.into_inner())?;
        let desk = self.context.desk(caller, tenant)?;
        let command = self.context.licensing.admit(&document, desk.tenant(), self.context.instance());
        let command = command.map_err(|rejection| status::rejected(&rejection))?;
        let change = desk.submit(command).await??;
        Ok(Response::new(render::installed(change)))
    }

    async fn list_licenses(
        &self,
        request: Request<v1::ListLicensesRequest>,
    ) -> Result<Response<v1::ListLicensesResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, query, shape) = parse::list_licenses(self.context.veils(), request.into_inner())?;
        let page = self.context.desk(caller, tenant)?.ask(query).await??;
        Ok(Response::new(render::list_licenses(page, &shape)))
    }

    async fn delete_license(
        &self,
        request: Request<v1::DeleteLicenseRequest>,
    ) -> Result<Response<v1::DeleteLicenseResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, command) = parse::delete_license(request.into_inner())?;
        let change = self.context.desk(caller, tenant)?.submit(command).await??;
        Ok(Response::new(v1::DeleteLicenseResponse { pools: render::pool_changes(change.pools) }))
    }

    async fn delete_licenses(
        &self,
        request: Request<v1::DeleteLicensesRequest>,
    ) -> Result<Response<v1::DeleteLicensesResponse>, Status> {
        let caller = caller(&request)?;
        let tenant = parse::tenant_id(&request.get_ref().tenant_id)?;
        let change = self.context.desk(caller, tenant)?.submit(DeleteLicenses).await??;
        let pools = render::pool_changes(change.pools);
        Ok(Response::new(v1::DeleteLicensesResponse { changed: change.changed, pools }))
    }

    async fn create_license_request(
        &self,
        request: Request<v1::CreateLicenseRequestRequest>,
    ) -> Result<Response<v1::CreateLicenseRequestResponse>, Status> {
        let caller = caller(&request)?;
        let wanted = parse::create_license_request(request.into_inner())?;
        let desk = self.context.desk(caller, wanted.tenant.clone())?;
        let policy = desk.ask(GetTenant).await??.policy;
        wanted.check_step(policy.seat_request_step)?;
        let information = desk.ask(GetLicenseInformation).await??;
        wanted.check_moves(&information.pools)?;
        wanted.check_customer(&information.customer_id)?;
        let licenses = all(&desk).await?;
        Ok(Response::new(render::license_request(wanted, information, licenses, &self.installation())))
    }

    async fn get_license_information(
        &self,
        request: Request<v1::GetLicenseInformationRequest>,
    ) -> Result<Response<v1::GetLicenseInformationResponse>, Status> {
        let caller = caller(&request)?;
        let tenant = parse::tenant_id(&request.get_ref().tenant_id)?;
        let desk = self.context.desk(caller, tenant)?;
        let contact = desk.ask(GetTenant).await??.contact;
        let information = desk.ask(GetLicenseInformation).await??;
        Ok(Response::new(render::license_information(information, contact, &self.installation())))
    }

    async fn get_entitlements(
        &self,
        request: Request<v1::GetEntitlementsRequest>,
    ) -> Result<Response<v1::GetEntitlementsResponse>, Status> {
        let caller = caller(&request)?;
        let tenant = parse::tenant_id(&request.get_ref().tenant_id)?;
        let given = self.context.desk(caller, tenant)?.ask(GetEntitlements).await??;
        Ok(Response::new(render::entitlements(given)))
    }
}
