//! A running Usher, asked about one tenant.

use std::time::Duration;

use http::uri::Authority;
use tonic::{Request, Response, Status};

use super::error::of_one;
use super::{AuthenticatedChannel, Error, Target, connect};
use crate::proto::v1::ItemError;
use crate::proto::v1::audit_service_client::AuditServiceClient;
use crate::proto::v1::directory_service_client::DirectoryServiceClient;
use crate::proto::v1::license_service_client::LicenseServiceClient;
use crate::proto::v1::notification_service_client::NotificationServiceClient;
use crate::proto::v1::seat_service_client::SeatServiceClient;
use crate::proto::v1::server_service_client::ServerServiceClient;
use crate::proto::v1::session_service_client::SessionServiceClient;
use crate::proto::v1::tenant_service_client::TenantServiceClient;
use crate::proto::v1::token_service_client::TokenServiceClient;

/// The largest answer in bytes: a page of [`PAGE`](super::list::PAGE) users, each with all attributes that it can have.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// A connection, and the tenant that calls are about; empty, where they are about the installation.
#[derive(Debug)]
pub struct Usher {
    channel: AuthenticatedChannel,
    address: Authority,
    pub(super) tenant: String,
    /// For each call.
    timeout: Duration,
}

impl Usher {
    /// Connects.
    ///
    /// # Errors
    /// [`Error`]: it cannot be reached, or that takes longer than the time-out.
    pub async fn connect(target: &Target, tenant: &str, timeout: Duration) -> Result<Self, Error> {
        let connected = tokio::time::timeout(timeout, connect(target)).await;
        let channel = connected.unwrap_or_else(|_| Err(Error::no_answer_in_time().at(&target.address)))?;
        Ok(Self { channel, address: target.address.clone(), tenant: tenant.to_owned(), timeout })
    }

    /// A request that tells the service how long its answer is waited for.
    pub(super) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.timeout);
        request
    }

    /// Waits for the answer to a call.
    ///
    /// # Errors
    /// [`Error`]: the service says no, or nothing in time.
    pub(super) async fn answer<T>(&self, call: impl Future<Output = Result<Response<T>, Status>>) -> Result<T, Error> {
        self.in_time(call).await?.map_err(|status| Error::from(status).at(&self.address))
    }

    /// The same for one of several things: a "no" to this one is an answer.
    ///
    /// # Errors
    /// [`Error`]: it is no use to ask for the others.
    pub(super) async fn answer_one<T>(
        &self,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<Result<T, ItemError>, Error> {
        match self.in_time(call).await? {
            Ok(answer) => Ok(Ok(answer)),
            Err(status) => match of_one(&status) {
                Some(no) => Ok(Err(no)),
                None => Err(Error::from(status).at(&self.address)),
            },
        }
    }

    /// Waits for the answer to a call for which much is sent, as long as that takes.
    ///
    /// # Errors
    /// [`Error`]: the service says no, or the connection broke; then some of what was sent may have been done.
    pub(super) async fn answer_to_upload<T>(
        &self,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, Error> {
        let answered = call.await.map(Response::into_inner);
        answered.map_err(|status| Error::from(status).broken_off().at(&self.address))
    }

    async fn in_time<T>(
        &self,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<Result<T, Status>, Error> {
        let answered = tokio::time::timeout(self.timeout, call).await;
        let answered = answered.map_err(|_| Error::no_answer_in_time().at(&self.address))?;
        Ok(answered.map(Response::into_inner))
    }

    pub(super) fn directory(&self) -> DirectoryServiceClient<AuthenticatedChannel> {
        DirectoryServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// Waits for the next piece of a streamed answer, as long as for an answer; `None`: that was all.
    ///
    /// # Errors
    /// [`Error`]: the answer broke off, or nothing more came in time.
    pub(super) async fn next_chunk<T>(
        &self,
        chunk: impl Future<Output = Result<Option<T>, Status>>,
    ) -> Result<Option<T>, Error> {
        let came = tokio::time::timeout(self.timeout, chunk).await;
        let came = came.map_err(|_| Error::no_answer_in_time()).and_then(|chunk| Ok(chunk?));
        came.map_err(|error| error.at(&self.address))
    }

    pub(super) fn audit(&self) -> AuditServiceClient<AuthenticatedChannel> {
        AuditServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(super) fn licenses(&self) -> LicenseServiceClient<AuthenticatedChannel> {
        LicenseServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(super) fn seats(&self) -> SeatServiceClient<AuthenticatedChannel> {
        SeatServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(super) fn server(&self) -> ServerServiceClient<AuthenticatedChannel> {
        ServerServiceClient::new(self.channel.clone())
    }

    pub(super) fn sessions(&self) -> SessionServiceClient<AuthenticatedChannel> {
        SessionServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(super) fn notifications(&self) -> NotificationServiceClient<AuthenticatedChannel> {
        NotificationServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(super) fn tokens(&self) -> TokenServiceClient<AuthenticatedChannel> {
        TokenServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(super) fn tenants(&self) -> TenantServiceClient<AuthenticatedChannel> {
        TenantServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }
}
