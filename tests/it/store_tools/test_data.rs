//! Test data: a tenant with rows in every table, and a tenant with enough audit events for several blocks.

use usher::proto::v1::audit_service_client::AuditServiceClient;
use usher::proto::v1::directory_service_client::DirectoryServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::token_service_client::TokenServiceClient;
use usher::proto::v1::{
    BatchGrantSeatsRequest, CheckInRequest, CheckOutRequest, CreateTenantRequest, CreateTokenRequest, GetUsageRequest,
    GrantSeatRequest, HeartbeatRequest, ListAuditEventsRequest, ListUsersRequest, Policy, Role, Tenant,
    UpdateTenantRequest, check_out_response, heartbeat_response,
};

use crate::support::program::Program;

/// Users who are granted a seat, each with two events.
pub const CROWD: usize = 5_000;

/// Fills every table with test data beside the demo tenant's; returns a live session.
pub async fn fill(program: &Program) -> String {
    people(program).await;
    crowd(program).await;
    sign_in(program, "ann").await
}

/// Fills every table except the blocks of the audit; all new sessions have ended.
pub async fn people(program: &Program) {
    let policy = Policy { responsible_person: "boss@demo.example".into(), ..Policy::default() };
    let tenant = Tenant { tenant_id: "demo".into(), policy: Some(policy), ..Tenant::default() };
    let mut tenants = TenantServiceClient::new(program.channel());
    tenants.update_tenant(UpdateTenantRequest { tenant: Some(tenant), ..Default::default() }).await.unwrap();
    // The pool is full: the grant leaves a denial and a notification.
    let (tenant_id, pool_id, user_id) = ("demo".into(), "crm".into(), "cid@demo.example".into());
    let refused = GrantSeatRequest { tenant_id, pool_id, user_id, ..Default::default() };
    program.seats().grant_seat(refused).await.unwrap();
    // This session ends; [`fill`] starts one that goes on.
    let ended = sign_in(program, "bob").await;
    let check_in = CheckInRequest { tenant_id: "demo".into(), session_id: ended };
    assert!(program.seats().check_in(check_in).await.unwrap().into_inner().ended_now);
    let token = CreateTokenRequest {
        name: "console".into(),
        roles: vec![Role::Viewer.into()],
        tenant_ids: vec!["demo".into()],
        ..CreateTokenRequest::default()
    };
    TokenServiceClient::new(program.channel()).create_token(token).await.unwrap();
}

/// Creates a tenant whose audit has more than two blocks.
async fn crowd(program: &Program) {
    let tenant = Tenant { tenant_id: "crowd".into(), policy: Some(Policy::default()), ..Tenant::default() };
    let mut tenants = TenantServiceClient::new(program.channel());
    tenants.create_tenant(CreateTenantRequest { tenant: Some(tenant) }).await.unwrap();
    let users: Vec<String> = (0..CROWD).map(|at| format!("user{at}@crowd.example")).collect();
    for some in users.chunks(1_000) {
        let (tenant_id, pool_ids) = ("crowd".into(), vec!["primary".into()]);
        let grant = BatchGrantSeatsRequest { tenant_id, pool_ids, user_ids: some.to_vec(), ..Default::default() };
        program.seats().batch_grant_seats(grant).await.unwrap();
    }
}

pub async fn sign_in(program: &Program, user: &str) -> String {
    let login = CheckOutRequest {
        tenant_id: "demo".into(),
        pool_id: "primary".into(),
        user_id: format!("{user}@demo.example"),
        device_id: "laptop".into(),
        ..CheckOutRequest::default()
    };
    match program.seats().check_out(login).await.unwrap().into_inner().outcome {
        Some(check_out_response::Outcome::Lease(lease)) => lease.session_id,
        other => panic!("{other:?}"),
    }
}

/// A page of the crowd tenant's audit: the ids of its events, and the next page token.
pub async fn audit(program: &Program, page_token: &str) -> (Vec<String>, String) {
    let (tenant_id, page_token) = ("crowd".into(), page_token.into());
    let request = ListAuditEventsRequest { tenant_id, page_size: 100, page_token, ..Default::default() };
    let page = AuditServiceClient::new(program.channel()).list_audit_events(request).await.unwrap().into_inner();
    (page.events.into_iter().map(|event| event.event_id).collect(), page.next_page_token)
}

/// Checks that everything is as [`fill`] left it: the session is live, the licensed limits hold, all users are there.
pub async fn is_as_it_was(program: &Program, session: &str) {
    let beat = HeartbeatRequest { tenant_id: "demo".into(), session_id: session.into(), active: true };
    let answer = program.seats().heartbeat(beat).await.unwrap().into_inner();
    assert!(matches!(answer.outcome, Some(heartbeat_response::Outcome::Lease(_))), "{answer:?}");
    let mut tenants = TenantServiceClient::new(program.channel());
    let usage = tenants.get_usage(GetUsageRequest { tenant_id: "demo".into() }).await.unwrap().into_inner();
    let pools: Vec<_> = usage.pools.iter().map(|pool| (&*pool.pool_id, pool.limit, pool.in_use)).collect();
    assert_eq!(pools, [("crm", 3, 3), ("primary", 5, 1)]);
    let request = ListUsersRequest { tenant_id: "crowd".into(), page_size: 1, ..Default::default() };
    DirectoryServiceClient::new(program.channel()).list_users(request).await.unwrap();
    let usage = tenants.get_usage(GetUsageRequest { tenant_id: "crowd".into() }).await.unwrap().into_inner();
    assert_eq!(usage.users.unwrap().total, CROWD as u64);
}

/// Number of live sessions of the demo tenant.
pub async fn live_sessions(program: &Program) -> u64 {
    let mut tenants = TenantServiceClient::new(program.channel());
    let usage = tenants.get_usage(GetUsageRequest { tenant_id: "demo".into() }).await.unwrap().into_inner();
    usage.pools.iter().find(|pool| pool.pool_id == "primary").map_or(0, |pool| pool.in_use)
}
