//! A running server with the demo tenant: `crm` is NAMED with 3 seats, all of them held; `primary` is CONCURRENT.

use std::time::Duration;

use secrecy::ExposeSecret;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Request, Status};
use usher::proto::v1::audit_service_client::AuditServiceClient;
use usher::proto::v1::directory_service_client::DirectoryServiceClient;
use usher::proto::v1::seat_service_client::SeatServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::{self, SyncOutcome};

use crate::support::postgres;
use crate::support::program::{Data, Program};

pub struct TestServer {
    _program: Program,
    pub directory: DirectoryServiceClient<Channel>,
    channel: Channel,
    _folder: tempfile::TempDir,
}

#[derive(Debug, Clone, Copy)]
pub enum Store {
    Sqlite,
    Postgres,
}

impl TestServer {
    pub async fn start(store: Store) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let program = match store {
            Store::Sqlite => Program::start(&Data::Folder(folder.path()), &["--demo"]),
            Store::Postgres => {
                let url = postgres::cluster().database().await;
                Program::start(&Data::Postgres(url.expose_secret()), &["--demo"])
            }
        };
        let channel = program.channel();
        let directory = DirectoryServiceClient::new(channel.clone()).max_decoding_message_size(64 * 1024 * 1024);
        Self { _program: program, directory, channel, _folder: folder }
    }

    pub fn seats(&self) -> SeatServiceClient<Channel> {
        SeatServiceClient::new(self.channel.clone())
    }

    /// Syncs with a single message.
    pub async fn sync(&self, message: v1::SyncUsersRequest) -> Result<v1::SyncUsersResponse, Status> {
        self.sync_in(vec![message]).await
    }

    pub async fn sync_in(&self, messages: Vec<v1::SyncUsersRequest>) -> Result<v1::SyncUsersResponse, Status> {
        let stream = tokio_stream::iter(messages);
        self.directory.clone().sync_users(stream).await.map(tonic::Response::into_inner)
    }

    /// Starts a sync, waits until `settled` is true, and then cancels the call.
    pub async fn broken_off(&self, message: v1::SyncUsersRequest, settled: impl AsyncFn() -> bool) {
        let (sender, messages) = tokio::sync::mpsc::channel(1);
        let mut directory = self.directory.clone();
        let call = tokio::spawn(async move { directory.sync_users(ReceiverStream::new(messages)).await });
        sender.send(message).await.expect("a sync that is under way");
        while !settled().await {}
        call.abort();
    }

    pub async fn user(&self, id: &str) -> Option<v1::User> {
        let request = v1::GetUserRequest { tenant_id: "demo".into(), user_id: id.into(), ..Default::default() };
        match self.directory.clone().get_user(request).await {
            Ok(answer) => answer.into_inner().user,
            Err(status) => {
                assert_eq!(status.code(), tonic::Code::NotFound, "{status:?}");
                None
            }
        }
    }

    pub async fn usage(&self, pool: &str) -> (u64, u64) {
        let request = v1::GetUsageRequest { tenant_id: "demo".into() };
        let usage =
            TenantServiceClient::new(self.channel.clone()).get_usage(request).await.expect("usage").into_inner();
        let pool = usage.pools.into_iter().find(|usage| usage.pool_id == pool).expect("the pool");
        (pool.in_use, pool.limit)
    }

    pub async fn recall(&self, pool: &str, user: &str) {
        let (tenant_id, pool_id, user_id) = ("demo".into(), pool.into(), user.into());
        let request = v1::RevokeSeatRequest { tenant_id, pool_id, user_id, ..Default::default() };
        self.seats().revoke_seat(request).await.expect("a recalled seat");
    }

    pub async fn list(&self, request: v1::ListUsersRequest) -> v1::ListUsersResponse {
        let request = v1::ListUsersRequest { tenant_id: "demo".into(), ..request };
        self.directory.clone().list_users(request).await.expect("a page").into_inner()
    }

    /// Returns the number of audit events without denials.
    pub async fn changes(&self) -> usize {
        let request = v1::ListAuditEventsRequest {
            tenant_id: "demo".into(),
            outcome: v1::AuditOutcome::Done.into(),
            page_size: 1_000,
            ..Default::default()
        };
        let page = AuditServiceClient::new(self.channel.clone()).list_audit_events(request).await.expect("events");
        page.into_inner().events.len()
    }

    pub async fn export(&self, request: v1::ExportUsersRequest) -> Result<String, Status> {
        let mut request = Request::new(v1::ExportUsersRequest { tenant_id: "demo".into(), ..request });
        request.set_timeout(Duration::from_secs(60));
        let mut stream = self.directory.clone().export_users(request).await?.into_inner();
        let mut bytes = Vec::new();
        while let Some(piece) = stream.message().await? {
            assert!(piece.data.ends_with(b"\r\n"), "whole lines");
            bytes.extend(piece.data);
        }
        Ok(String::from_utf8(bytes).expect("UTF-8"))
    }
}

/// Returns an entry: a user and pools.
pub fn entry(user: &str, pools: &[&str]) -> v1::SyncEntry {
    let user = v1::User { user_id: user.into(), ..Default::default() };
    let pool_ids = pools.iter().map(|pool| (*pool).to_owned()).collect();
    v1::SyncEntry { user: Some(user), pool_ids, ..v1::SyncEntry::default() }
}

/// Returns a sync message of the demo tenant.
pub fn message(entries: Vec<v1::SyncEntry>) -> v1::SyncUsersRequest {
    v1::SyncUsersRequest { tenant_id: "demo".into(), entries, ..Default::default() }
}

/// Returns the result of each entry as text: `ann CREATED`, `bob CREATED_BLOCKED crm`.
pub fn outcomes(answer: &v1::SyncUsersResponse) -> Vec<String> {
    let outcomes = |result: &v1::SyncResult| {
        let outcome = result.outcome().as_str_name().trim_start_matches("SYNC_OUTCOME_").to_owned();
        let denials = result.denials.iter().map(|denial| format!(" {}", denial.pool_id));
        let error = result.error.iter().map(|error| format!(": {}", error.message));
        format!("{} {outcome}{}{}", result.user_id, denials.collect::<String>(), error.collect::<String>())
    };
    answer.results.iter().map(outcomes).collect()
}

pub fn count(answer: &v1::SyncUsersResponse, outcome: SyncOutcome) -> usize {
    answer.results.iter().filter(|result| result.outcome() == outcome).count()
}
