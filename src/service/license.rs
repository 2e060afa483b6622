//! LicenseService: installs, lists and deletes licenses, sends license requests, and returns what was bought.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::context::ServiceContext;
use super::license_request::{self, PreparedRequest};
use super::{caller, parse, render};
use crate::ledger::command::{DeleteLicenses, GetEntitlements, GetLicenseInformation, GetTenant};
use crate::proto::v1::{self, license_service_server};
use crate::status;

/// Manages licenses for administrators, and returns entitlements to applications.
#[derive(Clone)]
pub struct LicenseService {
    context: Arc<ServiceContext>,
}

impl LicenseService {
    #[must_use]
    pub fn new(context: Arc<ServiceContext>) -> Self {
        Self { context }
    }
}

impl ServiceContext {
    /// Returns the description of this server for license requests and the license page.
    pub(super) fn installation(&self) -> render::InstallationInfo<'_> {
        render::InstallationInfo {
            instance: self.instance(),
            host_names: self.licensing.host_names(),
            addresses: self.licensing.addresses(),
            now: self.licensing.clock().wall(),
            exchange: self.licensing.exchange(),
        }
    }
}

#[tonic::async_trait]
impl license_service_server::LicenseService for LicenseService {
    async fn install_license(
        &self,
        request: Request<v1::InstallLicenseRequest>,
    ) -> Result<Response<v1::InstallLicenseResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, document) = parse::install_license(request.into_inner())?;
        let access = self.context.tenant_access(caller, tenant)?;
        let command = self.context.licensing.admit(&document, access.tenant(), self.context.instance());
        let command = command.map_err(|rejection| status::rejected(&rejection))?;
        let change = access.submit(command).await??;
        Ok(Response::new(render::installed(change)))
    }

    async fn list_licenses(
        &self,
        request: Request<v1::ListLicensesRequest>,
    ) -> Result<Response<v1::ListLicensesResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, query, shape) = parse::list_licenses(self.context.opaque_ids(), request.into_inner())?;
        let page = self.context.tenant_access(caller, tenant)?.query(query).await??;
        Ok(Response::new(render::list_licenses(page, &shape)))
    }

    async fn delete_license(
        &self,
        request: Request<v1::DeleteLicenseRequest>,
    ) -> Result<Response<v1::DeleteLicenseResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, command) = parse::delete_license(request.into_inner())?;
        let change = self.context.tenant_access(caller, tenant)?.submit(command).await??;
        Ok(Response::new(v1::DeleteLicenseResponse { pools: render::pool_changes(change.pools) }))
    }

    async fn delete_licenses(
        &self,
        request: Request<v1::DeleteLicensesRequest>,
    ) -> Result<Response<v1::DeleteLicensesResponse>, Status> {
        let caller = caller(&request)?;
        let tenant = parse::tenant_id(&request.get_ref().tenant_id)?;
        let change = self.context.tenant_access(caller, tenant)?.submit(DeleteLicenses).await??;
        let pools = render::pool_changes(change.pools);
        Ok(Response::new(v1::DeleteLicensesResponse { changed: change.changed, pools }))
    }

    async fn create_license_request(
        &self,
        request: Request<v1::CreateLicenseRequestRequest>,
    ) -> Result<Response<v1::CreateLicenseRequestResponse>, Status> {
        let caller = caller(&request)?;
        let wanted = parse::create_license_request(request.into_inner())?;
        let access = self.context.tenant_access(caller, wanted.tenant.clone())?;
        let prepared = PreparedRequest::new(&self.context, &access, wanted).await?;
        let (document, file_name) = render::request_file(&prepared.request);
        Ok(Response::new(v1::CreateLicenseRequestResponse { document, file_name }))
    }

    async fn send_license_request(
        &self,
        request: Request<v1::SendLicenseRequestRequest>,
    ) -> Result<Response<v1::SendLicenseRequestResponse>, Status> {
        let caller = caller(&request)?;
        let wanted = parse::send_license_request(request.into_inner())?;
        let access = self.context.tenant_access(caller, wanted.tenant.clone())?;
        let prepared = PreparedRequest::new(&self.context, &access, wanted).await?;
        if self.context.licensing.exchange().mailer.is_none() {
            return Err(status::no_mailer());
        }
        self.context.rates.check_request(access.tenant())?;
        Ok(Response::new(license_request::send(&self.context, access, prepared).await?))
    }

    async fn fetch_license(
        &self,
        request: Request<v1::FetchLicenseRequest>,
    ) -> Result<Response<v1::FetchLicenseResponse>, Status> {
        let caller = caller(&request)?;
        let tenant = parse::tenant_id(&request.get_ref().tenant_id)?;
        let access = self.context.tenant_access(caller, tenant)?;
        // Contact the vendor only about tenants that exist and that this process serves.
        access.query(GetTenant).await??;
        let licensing = &self.context.licensing;
        if licensing.exchange().folder.is_none() {
            return Err(status::no_folder());
        }
        self.context.rates.check_fetch(access.tenant())?;
        let found = licensing.fetch(access.tenant(), self.context.instance()).await.ok_or_else(status::no_folder)?;
        Ok(Response::new(render::fetched(access.submit(found).await??)))
    }

    async fn get_license_information(
        &self,
        request: Request<v1::GetLicenseInformationRequest>,
    ) -> Result<Response<v1::GetLicenseInformationResponse>, Status> {
        let caller = caller(&request)?;
        let tenant = parse::tenant_id(&request.get_ref().tenant_id)?;
        let access = self.context.tenant_access(caller, tenant)?;
        let contact = access.query(GetTenant).await??.contact;
        let information = access.query(GetLicenseInformation).await??;
        Ok(Response::new(render::license_information(information, contact, &self.context.installation())))
    }

    async fn get_entitlements(
        &self,
        request: Request<v1::GetEntitlementsRequest>,
    ) -> Result<Response<v1::GetEntitlementsResponse>, Status> {
        let caller = caller(&request)?;
        let tenant = parse::tenant_id(&request.get_ref().tenant_id)?;
        let given = self.context.tenant_access(caller, tenant)?.query(GetEntitlements).await??;
        Ok(Response::new(render::entitlements(given)))
    }
}
