//! The real program from outside: over the network, by signals, through kill -9, on both stores.

mod auditing;
mod cells;
mod commands;
mod ending;
mod failing;
mod licenses;
mod owning;
mod racing;
mod restarting;
mod solo;

use tonic::transport::Channel;
use usher::proto::v1::check_out_response::Outcome;
use usher::proto::v1::seat_service_client::SeatServiceClient;
use usher::proto::v1::session_service_client::SessionServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::{
    BatchGrantSeatsRequest, CheckOutRequest, CheckOutResponse, CreateTenantRequest, DenialReason, GetUsageRequest,
    Lease, ListSessionsRequest, Policy, PoolUsage, Tenant,
};

use crate::support::program::{Data, Program};

/// Makes each test run on both stores.
macro_rules! on_both_stores {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let folder = tempfile::tempdir().unwrap();
                super::$name(&crate::support::program::Data::Folder(folder.path())).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let url = crate::support::postgres::cluster().database().await;
                let url = secrecy::ExposeSecret::expose_secret(&url);
                super::$name(&crate::support::program::Data::Postgres(url)).await;
            })+
        }
    };
}
pub(crate) use on_both_stores;

/// Creates a tenant in demo mode (R30) with a pool `primary` of `--demo-seats` seats, and users.
async fn tenant_with_users(program: &Program, id: &str, users: &[String]) {
    let mut tenants = TenantServiceClient::new(program.channel());
    let tenant = Tenant { tenant_id: id.into(), policy: Some(Policy::default()), ..Tenant::default() };
    tenants.create_tenant(CreateTenantRequest { tenant: Some(tenant) }).await.unwrap();
    let mut seats = program.seats();
    for some in users.chunks(1_000) {
        let grant = BatchGrantSeatsRequest {
            tenant_id: id.into(),
            pool_ids: vec!["primary".into()],
            user_ids: some.to_vec(),
            ..BatchGrantSeatsRequest::default()
        };
        let results = seats.batch_grant_seats(grant).await.unwrap().into_inner().results;
        assert_eq!(results.len(), some.len());
    }
}

fn users(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("user{at}@acme.example")).collect()
}

fn login(user: &str) -> CheckOutRequest {
    CheckOutRequest {
        tenant_id: "acme".into(),
        pool_id: "primary".into(),
        user_id: user.into(),
        device_id: "laptop".into(),
        ..CheckOutRequest::default()
    }
}

/// Returns the lease, or the reason of the denial.
fn decision(answer: CheckOutResponse) -> Result<Lease, DenialReason> {
    match answer.outcome {
        Some(Outcome::Lease(lease)) => Ok(lease),
        Some(Outcome::Denial(denial)) => Err(denial.reason()),
        None => panic!("neither yes nor no"),
    }
}

async fn check_out(seats: &mut SeatServiceClient<Channel>, user: &str) -> Result<Lease, DenialReason> {
    decision(seats.check_out(login(user)).await.unwrap().into_inner())
}

async fn usage(program: &Program) -> PoolUsage {
    let mut tenants = TenantServiceClient::new(program.channel());
    let usage = tenants.get_usage(GetUsageRequest { tenant_id: "acme".into() }).await.unwrap().into_inner();
    usage.pools.into_iter().next().expect("the pool is there")
}

/// Returns the ids of all live sessions, page by page.
async fn live_sessions(program: &Program) -> Vec<String> {
    let mut sessions = SessionServiceClient::new(program.channel());
    let mut found = Vec::new();
    let mut page_token = String::new();
    loop {
        let request =
            ListSessionsRequest { tenant_id: "acme".into(), page_size: 1_000, page_token, ..Default::default() };
        let page = sessions.list_sessions(request).await.unwrap().into_inner();
        found.extend(page.sessions.into_iter().map(|session| session.session_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return found;
        }
    }
}

fn start(data: &Data<'_>, demo_seats: usize) -> Program {
    Program::start(data, &["--demo-seats", &demo_seats.to_string()])
}
