//! The promises of the service while its store is away, and afterward, checked over its own interfaces.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, interval, timeout};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;
use usher::proto::v1::audit_service_client::AuditServiceClient;
use usher::proto::v1::check_out_response::Outcome;
use usher::proto::v1::heartbeat_response::Outcome as HeartbeatOutcome;
use usher::proto::v1::seat_service_client::SeatServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::{
    AuditAction, BatchGrantSeatsRequest, CheckInRequest, CheckOutRequest, CreateTenantRequest, DenialReason,
    GetUsageRequest, HeartbeatRequest, ListAuditEventsRequest, Policy, Tenant,
};

/// Time between two checks.
const LOOK: Duration = Duration::from_millis(50);
/// Limit for serving again after the end of a fault (I7).
pub const BACK: Duration = Duration::from_secs(10);
/// Limit for not being ready: [`usher::health`] reports it after five seconds without the store, which is noticed after
/// two.
const NOTICED: Duration = Duration::from_secs(15);
/// A fault lasts until a test ends it: an answer within this time did not need the store, on any machine.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Wait of a caller that may get no answer.
const ATTEMPT: Duration = Duration::from_secs(1);
/// Seats of each pool of the observed tenant, `--demo-seats`.
pub const SEATS: usize = 3;

/// A tenant that a test observes.
pub struct Watched {
    pub name: String,
    /// True if the store belongs to the program alone.
    embedded: bool,
    channel: Channel,
    pub api: SocketAddr,
    ops: SocketAddr,
    tenant: String,
    /// A tenant in another shard, if there is one, in which nothing changes.
    quiet: String,
    /// Sessions of the tenant, which fill its pool.
    sessions: Vec<String>,
}

impl Watched {
    pub async fn new(
        name: &str,
        embedded: bool,
        channel: Channel,
        addresses: [SocketAddr; 2],
        tenants: [String; 2],
    ) -> Self {
        let [api, ops] = addresses;
        let [tenant, quiet] = tenants.clone();
        let mut watched = Self { name: name.to_owned(), embedded, channel, api, ops, tenant, quiet, sessions: vec![] };
        for tenant in tenants {
            let mut service = TenantServiceClient::new(watched.channel.clone());
            let row = Tenant { tenant_id: tenant.clone(), policy: Some(Policy::default()), ..Tenant::default() };
            service.create_tenant(CreateTenantRequest { tenant: Some(row) }).await.expect("a tenant");
            let grant = BatchGrantSeatsRequest {
                tenant_id: tenant,
                pool_ids: vec!["primary".into()],
                user_ids: (0..=SEATS).map(user).collect(),
                ..BatchGrantSeatsRequest::default()
            };
            watched.seats().batch_grant_seats(grant).await.expect("users");
        }
        for at in 0..SEATS {
            match watched.check_out(at, false).await.expect("an answer") {
                Ok(session) => watched.sessions.push(session),
                Err(reason) => panic!("{name}: {reason:?} with a seat free"),
            }
        }
        watched
    }

    /// The same tenants, served by another process.
    pub fn served_by(self, channel: Channel, [api, ops]: [SocketAddr; 2]) -> Self {
        Self { channel, api, ops, ..self }
    }

    fn seats(&self) -> SeatServiceClient<Channel> {
        SeatServiceClient::new(self.channel.clone())
    }

    async fn check_out(&self, at: usize, check_only: bool) -> Result<Result<String, DenialReason>, Status> {
        self.check_out_within(TIMEOUT, at, check_only).await
    }

    async fn check_out_within(
        &self,
        time: Duration,
        at: usize,
        check_only: bool,
    ) -> Result<Result<String, DenialReason>, Status> {
        let mut request = Request::new(CheckOutRequest {
            tenant_id: self.tenant.clone(),
            pool_id: "primary".into(),
            user_id: user(at),
            device_id: "laptop".into(),
            check_only,
            ..CheckOutRequest::default()
        });
        request.set_timeout(time);
        match self.seats().check_out(request).await?.into_inner().outcome.expect("yes or no") {
            Outcome::Lease(lease) => Ok(Ok(lease.session_id)),
            Outcome::Denial(no) => Ok(Err(no.reason())),
        }
    }

    /// Requests `path` from the operations port; returns the status of the answer.
    async fn page(&self, path: &str) -> u16 {
        let text = self.text(path).await;
        text.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("{path}: {text:?}"))
    }

    pub async fn why_not_ready(&self) -> String {
        self.text("/readyz").await
    }

    pub async fn metrics(&self) -> String {
        self.text("/metrics").await
    }

    async fn text(&self, path: &str) -> String {
        let mut connection = TcpStream::connect(self.ops).await.expect("the operations port");
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        connection.write_all(request.as_bytes()).await.expect("a question");
        let mut text = String::new();
        let _ = connection.read_to_string(&mut text).await;
        text
    }

    async fn health(&self) -> ServingStatus {
        let mut health = HealthClient::new(self.channel.clone());
        health.check(HealthCheckRequest::default()).await.expect("health").into_inner().status()
    }

    /// Returns whether `/readyz` and gRPC health both report ready.
    pub async fn is_ready(&self) -> bool {
        self.page("/readyz").await == 200 && self.health().await == ServingStatus::Serving
    }

    /// Waits until the service reports itself not ready, while the fault lasts.
    pub async fn becomes_unready(&self) {
        let unready = async {
            let mut looks = interval(LOOK);
            while self.page("/readyz").await == 200 {
                looks.tick().await;
            }
            while self.health().await != ServingStatus::NotServing {
                looks.tick().await;
            }
        };
        assert!(timeout(NOTICED, unready).await.is_ok(), "{}: the store is away, and it is ready", self.name);
        assert_eq!(self.page("/livez").await, 200, "{}: it helps nobody to kill it", self.name);
    }

    /// Checks that calls that do not need the store are answered within the lease, which is always valid on the
    /// embedded store: heartbeats, denials and checks from memory. Outside the lease they are refused with `NO_LEASE`.
    pub async fn answers_what_it_can(&self) {
        let name = &self.name;
        for session_id in &self.sessions {
            let request =
                HeartbeatRequest { tenant_id: self.tenant.clone(), session_id: session_id.clone(), active: true };
            let mut request = Request::new(request);
            request.set_timeout(TIMEOUT);
            match self.seats().heartbeat(request).await {
                Ok(answer) => {
                    assert!(matches!(answer.into_inner().outcome, Some(HeartbeatOutcome::Lease(_))), "{name}: ended")
                }
                Err(status) => self.has_no_lease(&status, "a heartbeat"),
            }
        }
        match self.check_out(0, true).await {
            Ok(checked) => assert!(checked.is_ok(), "{name}: who has a session may sign in: {checked:?}"),
            Err(status) => self.has_no_lease(&status, "a check"),
        }
        match self.check_out(SEATS, true).await {
            Ok(denied) => assert_eq!(denied, Err(DenialReason::SeatsExhausted), "{name}"),
            Err(status) => self.has_no_lease(&status, "a check"),
        }
    }

    /// Sends a heartbeat, a check and a check-out that is denied: they are answered from memory, or refused at once if
    /// another process may own the shard by now. Returns the number of denials that must leave an event.
    pub async fn answers_at_once(&self) -> u64 {
        let (name, begun) = (&self.name, Instant::now());
        let refused = |status: &Status| assert_eq!(status.code(), Code::Unavailable, "{name}: {status:?}");
        let beat = HeartbeatRequest {
            tenant_id: self.tenant.clone(),
            session_id: self.sessions[0].clone(),
            ..HeartbeatRequest::default()
        };
        match self.seats().heartbeat(beat).await {
            Ok(answer) => {
                assert!(matches!(answer.into_inner().outcome, Some(HeartbeatOutcome::Lease(_))), "{name}: ended")
            }
            Err(status) => refused(&status),
        }
        self.check_out(0, true).await.map_or_else(|status| refused(&status), |checked| assert!(checked.is_ok()));
        let denied = self.check_out(SEATS, false).await;
        let took = Instant::now() - begun;
        assert!(took < Duration::from_secs(2), "{name}: it took {took:?}");
        match denied {
            Ok(denied) => assert_eq!(denied, Err(DenialReason::SeatsExhausted), "{name}"),
            Err(status) => {
                refused(&status);
                return 0;
            }
        }
        1
    }

    /// Number of denials of the tenant in the audit.
    pub async fn denials_in_the_audit(&self) -> u64 {
        let action = AuditAction::CheckOutDenied.into();
        let request = ListAuditEventsRequest {
            tenant_id: self.tenant.clone(),
            page_size: 1_000,
            action,
            ..ListAuditEventsRequest::default()
        };
        let events = AuditServiceClient::new(self.channel.clone()).list_audit_events(request).await.expect("the audit");
        events.into_inner().events.iter().map(|event| event.count).sum()
    }

    /// Reads from memory in a shard in which nothing waits for the store.
    pub async fn reads_what_is_durable(&self) {
        let mut request = Request::new(GetUsageRequest { tenant_id: self.quiet.clone() });
        request.set_timeout(TIMEOUT);
        match TenantServiceClient::new(self.channel.clone()).get_usage(request).await {
            Ok(usage) => assert_eq!(usage.into_inner().pools[0].in_use, 0, "{}", self.name),
            Err(status) => self.has_no_lease(&status, "a read from memory"),
        }
    }

    /// On PostgreSQL the lease ends three seconds after the last heartbeat to the store.
    fn has_no_lease(&self, status: &Status, what: &str) {
        let reason = status.get_details_error_info().map(|info| info.reason);
        let beyond = status.code() == Code::Unavailable && reason.as_deref() == Some("NO_LEASE");
        assert!(beyond && !self.embedded, "{}: {what} needs no store: {status:?}", self.name);
    }

    /// Waits until changes are refused, with the delay after which to retry. Before that a change may wait, or succeed
    /// while the store's last process, or its last free block, is still there.
    pub async fn refuses_changes(&self) {
        let refused = async {
            let mut looks = interval(LOOK);
            loop {
                // Signs in again on the device that has the session, which is a change, too (R16).
                match self.check_out_within(ATTEMPT, 0, false).await {
                    Err(status) if status.code() == Code::Unavailable => return status,
                    Err(status) if matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled) => {}
                    Ok(Ok(_)) => {}
                    other => panic!("{}: without a store: {other:?}", self.name),
                }
                looks.tick().await;
            }
        };
        let status = timeout(NOTICED, refused).await.unwrap_or_else(|_| panic!("{}: nothing is refused", self.name));
        let reason = status.get_details_error_info().map(|info| info.reason);
        // Without a lease, another node may have the shard, and the store.
        let told = match reason.as_deref() {
            Some("NO_LEASE") => !self.embedded,
            reason => reason == Some("STORE_UNAVAILABLE"),
        };
        assert!(told, "{}: {status:?}", self.name);
        let again = status.get_details_retry_info().and_then(|info| info.retry_delay);
        assert!(again.is_some(), "{}: no word of when to try again: {status:?}", self.name);
    }

    /// Reads the audit more often at once than the store has connections for it. These reads may fail, and must not
    /// disturb later ones.
    pub async fn asks_for_the_audit_in_vain(&self) {
        let asks = (0..8).map(|_| self.audit(ATTEMPT));
        for read in futures_util::future::join_all(asks).await {
            if let Err(status) = read {
                let gone = matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled);
                assert!(gone, "{}: the audit without a store: {status:?}", self.name);
            }
        }
    }

    async fn audit(&self, time: Duration) -> Result<usize, Status> {
        let request = ListAuditEventsRequest { tenant_id: self.quiet.clone(), page_size: 10, ..Default::default() };
        let mut request = Request::new(request);
        request.set_timeout(time);
        let events = AuditServiceClient::new(self.channel.clone()).list_audit_events(request).await;
        Ok(events?.into_inner().events.len())
    }

    /// Checks that a change takes at least this long, and is acknowledged.
    pub async fn changes_slowly(&self, least: Duration) {
        let asked = Instant::now();
        let answer = self.check_out_within(BACK, 0, false).await;
        let took = Instant::now() - asked;
        assert!(matches!(answer, Ok(Ok(_))), "{}: slow is not away: {answer:?} after {took:?}", self.name);
        assert!(took >= least, "{}: acknowledged after {took:?}, before it can be durable", self.name);
    }

    /// Waits until everything works: both readiness interfaces, durable changes, reads from memory and from the store.
    /// Returns the time since `since`.
    pub async fn serves_again(&self, since: Instant) -> Duration {
        let works = async {
            let mut looks = interval(LOOK);
            loop {
                let what = self.works().await;
                if what.is_ok() {
                    return Instant::now() - since;
                }
                looks.tick().await;
                if Instant::now() - since > BACK * 3 {
                    panic!("{}: not serving again after {:?}: {what:?}", self.name, BACK * 3);
                }
            }
        };
        let took = works.await;
        assert!(took < BACK, "{}: it was {took:?} until it served again (I7)", self.name);
        took
    }

    async fn works(&self) -> Result<(), String> {
        let (shard, events) = tokio::join!(self.shard_works(), self.audit(BACK));
        shard?;
        assert!(events.map_err(text)? > 0, "{}: no audit", self.name);
        Ok(())
    }

    async fn shard_works(&self) -> Result<(), String> {
        if !self.is_ready().await {
            return Err("it is not ready".to_owned());
        }
        let renewed = self.check_out(0, false).await.map_err(text)?;
        assert_eq!(renewed.as_ref(), Ok(&self.sessions[0]), "{}: the session of before", self.name);
        let mut tenants = TenantServiceClient::new(self.channel.clone());
        let mut request = Request::new(GetUsageRequest { tenant_id: self.tenant.clone() });
        request.set_timeout(TIMEOUT);
        let usage = tenants.get_usage(request).await.map_err(text)?.into_inner();
        assert_eq!(usage.pools[0].in_use, SEATS as u64, "{}", self.name);
        Ok(())
    }

    /// Checks every session in: each is still live, and ends now.
    pub async fn ends(&self) {
        for session_id in &self.sessions {
            let request = CheckInRequest { tenant_id: self.tenant.clone(), session_id: session_id.clone() };
            let ended = self.seats().check_in(request).await.expect("an answer").into_inner();
            assert!(ended.ended_now, "{}: {session_id} had ended before: {ended:?}", self.name);
        }
    }
}

fn text(status: Status) -> String {
    format!("{:?} {}", status.code(), status.message())
}

fn user(at: usize) -> String {
    format!("user{at}@watched.example")
}
