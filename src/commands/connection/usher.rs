//! Client of a running server, for calls about one tenant.

use std::time::Duration;

use http::uri::Authority;
use tonic::{Request, Response, Status};

use super::{AuthenticatedChannel, Target, connect};
use crate::commands::error::{Error, of_one};
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

/// Largest answer in bytes: a page of [`PAGE_ROWS`](crate::commands::output::list::PAGE_ROWS) users, each with all possible
/// attributes.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// A connection, and the tenant of the calls; the tenant is empty for calls about the installation.
#[derive(Debug)]
pub struct Usher {
    channel: AuthenticatedChannel,
    address: Authority,
    pub(crate) tenant: String,
    /// Timeout of each call.
    timeout: Duration,
}

impl Usher {
    /// Connects to a server.
    ///
    /// # Errors
    /// [`Error`]: the server cannot be reached, or not within the timeout.
    pub async fn connect(target: &Target, tenant: &str, timeout: Duration) -> Result<Self, Error> {
        let connected = tokio::time::timeout(timeout, connect(target)).await;
        let channel = connected.unwrap_or_else(|_| Err(Error::no_answer_in_time().at(&target.address)))?;
        Ok(Self { channel, address: target.address.clone(), tenant: tenant.to_owned(), timeout })
    }

    /// A request with a deadline header of the timeout.
    pub(crate) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.timeout);
        request
    }

    /// Waits for the answer to a call.
    ///
    /// # Errors
    /// [`Error`]: the service refused, or did not answer in time.
    pub(crate) async fn answer<T>(&self, call: impl Future<Output = Result<Response<T>, Status>>) -> Result<T, Error> {
        self.in_time(call).await?.map_err(|status| Error::from(status).at(&self.address))
    }

    /// Like [`Usher::answer`], for one item of several: the refusal of this item is an answer.
    ///
    /// # Errors
    /// [`Error`]: calls for the other items would fail, too.
    pub(crate) async fn answer_one<T>(
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

    /// Waits for the answer to a call with a large upload, without a timeout.
    ///
    /// # Errors
    /// [`Error`]: the service refused, or the connection broke; then a part of the upload may have been applied.
    pub(crate) async fn answer_to_upload<T>(
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

    pub(crate) fn directory(&self) -> DirectoryServiceClient<AuthenticatedChannel> {
        DirectoryServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// Waits for the next chunk of a streamed answer, with the timeout of an answer; `None`: the end.
    ///
    /// # Errors
    /// [`Error`]: the stream broke off, or no chunk came in time.
    pub(crate) async fn next_chunk<T>(
        &self,
        chunk: impl Future<Output = Result<Option<T>, Status>>,
    ) -> Result<Option<T>, Error> {
        let came = tokio::time::timeout(self.timeout, chunk).await;
        let came = came.map_err(|_| Error::no_answer_in_time()).and_then(|chunk| Ok(chunk?));
        came.map_err(|error| error.at(&self.address))
    }

    pub(crate) fn audit(&self) -> AuditServiceClient<AuthenticatedChannel> {
        AuditServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(crate) fn licenses(&self) -> LicenseServiceClient<AuthenticatedChannel> {
        LicenseServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(crate) fn seats(&self) -> SeatServiceClient<AuthenticatedChannel> {
        SeatServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(crate) fn server(&self) -> ServerServiceClient<AuthenticatedChannel> {
        ServerServiceClient::new(self.channel.clone())
    }

    pub(crate) fn sessions(&self) -> SessionServiceClient<AuthenticatedChannel> {
        SessionServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(crate) fn notifications(&self) -> NotificationServiceClient<AuthenticatedChannel> {
        NotificationServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(crate) fn tokens(&self) -> TokenServiceClient<AuthenticatedChannel> {
        TokenServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(crate) fn tenants(&self) -> TenantServiceClient<AuthenticatedChannel> {
        TenantServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }
}
