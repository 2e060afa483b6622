//! A well-behaved client on a thread of its own: its latency shows the effect of hostile clients on others.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tonic::transport::{Channel, Endpoint};
use usher::proto::v1::check_out_response::Outcome;
use usher::proto::v1::seat_service_client::SeatServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::{
    CheckInRequest, CheckOutRequest, CreateTenantRequest, GrantSeatRequest, HeartbeatRequest, Policy, Tenant,
};

/// Logins per round, and heartbeats per login. With login and logout, which wait for the disk, these are ten calls.
const LOGINS: usize = 30;
const BEATS: usize = 8;

pub const TENANT: &str = "acme";
pub const POOL: &str = "primary";
pub const USER: &str = "neighbor@acme.example";

pub struct Neighbor {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    seats: SeatServiceClient<Channel>,
}

impl Neighbor {
    /// Creates the tenant and its user.
    pub fn move_in(api: SocketAddr) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let channel = async {
            let channel = Endpoint::from_shared(format!("http://{api}")).unwrap().connect().await.unwrap();
            settle(channel.clone()).await;
            channel
        };
        let channel = tokio::task::block_in_place(|| runtime.block_on(channel));
        Self { runtime: Some(runtime), seats: SeatServiceClient::new(channel) }
    }

    /// Signs in and out many times. Returns the p99 of the calls.
    pub fn p99(&self) -> Duration {
        self.p99_of(LOGINS)
    }

    /// Signs in and out once.
    pub fn login(&self) {
        self.p99_of(1);
    }

    fn p99_of(&self, logins: usize) -> Duration {
        let mut seats = self.seats.clone();
        let measured = async {
            let mut times = Vec::with_capacity((2 + BEATS) * logins);
            for _ in 0..logins {
                login(&mut seats, &mut times).await;
            }
            times.sort_unstable();
            times[times.len() * 99 / 100]
        };
        let runtime = self.runtime.as_ref().expect("not dropped");
        tokio::task::block_in_place(|| runtime.block_on(measured))
    }
}

impl Drop for Neighbor {
    fn drop(&mut self) {
        // A runtime must not be dropped in an asynchronous context; this shuts it down without waiting.
        self.runtime.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

async fn settle(channel: Channel) {
    let policy = Some(Policy::default());
    let tenant = Tenant { tenant_id: TENANT.into(), policy, ..Tenant::default() };
    let create = CreateTenantRequest { tenant: Some(tenant) };
    TenantServiceClient::new(channel.clone()).create_tenant(create).await.unwrap();
    let grant = GrantSeatRequest {
        tenant_id: TENANT.into(),
        pool_id: POOL.into(),
        user_id: USER.into(),
        ..GrantSeatRequest::default()
    };
    SeatServiceClient::new(channel).grant_seat(grant).await.unwrap();
}

pub fn check_out(user: &str) -> CheckOutRequest {
    CheckOutRequest {
        tenant_id: TENANT.into(),
        pool_id: POOL.into(),
        user_id: user.into(),
        device_id: "laptop".into(),
        ..CheckOutRequest::default()
    }
}

#[allow(clippy::disallowed_methods)] // Latency is measured in real time.
async fn timed<T>(times: &mut Vec<Duration>, call: impl Future<Output = Result<T, tonic::Status>>) -> T {
    let before = Instant::now();
    let answer = call.await.expect("a neighbor is served");
    times.push(before.elapsed());
    answer
}

async fn login(seats: &mut SeatServiceClient<Channel>, times: &mut Vec<Duration>) {
    let answer = timed(times, seats.check_out(check_out(USER))).await.into_inner();
    let Some(Outcome::Lease(lease)) = answer.outcome else { panic!("there is a seat: {answer:?}") };
    let (tenant_id, session_id) = (TENANT.to_owned(), lease.session_id);
    let beat = HeartbeatRequest { tenant_id: tenant_id.clone(), session_id: session_id.clone(), ..Default::default() };
    for _ in 0..BEATS {
        timed(times, seats.heartbeat(beat.clone())).await;
    }
    timed(times, seats.check_in(CheckInRequest { tenant_id, session_id })).await;
}
