//! The calls of LicenseService that `usher license` makes.

use std::time::Duration;

use http::uri::Authority;
use serde_json::{Value, json};
use tonic::Request;
use tonic::transport::Channel;

use super::wish::Wishes;
use super::{Error, connect, json, show};
use crate::proto::v1::license_service_client::LicenseServiceClient;
use crate::proto::v1::{
    DeleteLicenseRequest, DeleteLicensesRequest, InstallLicenseRequest, License, ListLicensesRequest,
};

/// The largest answer in bytes: a request document with a hundred licenses in it has 8 MiB at most.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// Licenses on a page; with their documents, of 64 KiB at most, they are well below the largest answer.
const PAGE: i32 = 100;

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub for_people: String,
    pub json: Value,
}

/// The licenses of one tenant, on a running Usher.
pub struct Licenses {
    client: LicenseServiceClient<Channel>,
    tenant: String,
    /// Told to the service with each call. The caller holds to it.
    timeout: Duration,
}

impl Licenses {
    /// Does `work` with the licenses of a tenant, all within the time-out.
    ///
    /// # Errors
    /// [`Error`]: of the work, or it cannot be reached, or it takes too long.
    pub async fn within<T>(
        timeout: Duration,
        address: &Authority,
        tenant: &str,
        work: impl AsyncFnOnce(Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let work = async {
            let client = LicenseServiceClient::new(connect(address).await?);
            let client = client.max_decoding_message_size(MAX_ANSWER_BYTES);
            work(Self { client, tenant: tenant.to_owned(), timeout }).await
        };
        let done = tokio::time::timeout(timeout, work).await.unwrap_or_else(|_| Err(Error::no_answer_in_time()));
        done.map_err(|error| error.at(address))
    }

    fn call<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.timeout);
        request
    }

    /// Asks for a license request: the document, and what was answered.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn request(mut self, wishes: &Wishes) -> Result<(String, Answer), Error> {
        let call = self.call(wishes.of(&self.tenant));
        let made = self.client.create_license_request(call).await?.into_inner();
        let answer = Answer { for_people: show::wishes(&self.tenant, wishes), json: json::requested(made.clone()) };
        Ok((made.document, answer))
    }

    /// # Errors
    /// [`Error::NotValid`], among others.
    pub async fn install(mut self, document: String) -> Result<Answer, Error> {
        let call = self.call(InstallLicenseRequest { tenant_id: self.tenant.clone(), document });
        let installed = self.client.install_license(call).await?.into_inner();
        Ok(Answer { for_people: show::installed(&installed), json: json::installed(installed) })
    }

    /// All of them, page after page.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn list(mut self) -> Result<Answer, Error> {
        let mut licenses: Vec<License> = Vec::new();
        let mut page_token = String::new();
        loop {
            let page = ListLicensesRequest { tenant_id: self.tenant.clone(), page_size: PAGE, page_token };
            let call = self.call(page);
            let page = self.client.list_licenses(call).await?.into_inner();
            licenses.extend(page.licenses);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(Answer { for_people: show::licenses(&licenses), json: json::listed(licenses) });
            }
        }
    }

    /// # Errors
    /// [`Error`]
    pub async fn delete(mut self, license: &str) -> Result<Answer, Error> {
        let delete = DeleteLicenseRequest { tenant_id: self.tenant.clone(), license_id: license.to_owned() };
        let call = self.call(delete);
        let deleted = self.client.delete_license(call).await?.into_inner();
        let for_people = format!("license {license}: deleted\n{}", show::pools(&deleted.pools));
        Ok(Answer { for_people, json: json!({ "pools": json::pool_changes(deleted.pools) }) })
    }

    /// # Errors
    /// [`Error`]
    pub async fn delete_all(mut self) -> Result<Answer, Error> {
        let call = self.call(DeleteLicensesRequest { tenant_id: self.tenant.clone() });
        let deleted = self.client.delete_licenses(call).await?.into_inner();
        Ok(Answer { for_people: show::deleted_all(&deleted), json: json::deleted_all(deleted) })
    }
}
