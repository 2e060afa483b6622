//! Tenants are isolated (R1), whatever their callers know; and the audit names the caller (R35).

use tonic::Code;
use usher::proto::v1;
use usher::proto::v1::audit_service_client::AuditServiceClient;
use usher::proto::v1::check_out_response::Outcome as CheckedOut;
use usher::proto::v1::directory_service_client::DirectoryServiceClient;
use usher::proto::v1::heartbeat_response::Outcome as HeartbeatOutcome;
use usher::proto::v1::seat_service_client::SeatServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::token_service_client::TokenServiceClient;
use usher::proto::v1::{Role, SessionEndReason};

use super::fixture::{AuthenticatedChannel, EVERY_ROLE, Fixture, line, shape, token};
use crate::support::program::Program;

/// Two tenants, each with a user who has a seat, and an application.
struct Two {
    fixture: Fixture,
    program: Program,
    applications: [SeatServiceClient<AuthenticatedChannel>; 2],
}

const TENANTS: [&str; 2] = ["acme", "globex"];

impl Two {
    async fn start() -> Self {
        let fixture = Fixture::new();
        let program = fixture.start(&[]);
        let channel = program.channel();
        let admin = line(&channel, &fixture.admin);
        let mut applications = Vec::new();
        for tenant_id in TENANTS {
            let tenant = v1::Tenant { tenant_id: tenant_id.into(), ..Default::default() };
            let create = v1::CreateTenantRequest { tenant: Some(tenant) };
            TenantServiceClient::new(admin.clone()).create_tenant(create).await.expect("a tenant");
            let grant = v1::GrantSeatRequest {
                tenant_id: tenant_id.into(),
                pool_id: "primary".into(),
                user_id: "ann@example.org".into(),
                ..Default::default()
            };
            SeatServiceClient::new(admin.clone()).grant_seat(grant).await.expect("a seat");
            let (_, application) = token(&channel, &fixture.admin, tenant_id, &[Role::Application], &[tenant_id]).await;
            applications.push(SeatServiceClient::new(line(&channel, &application)));
        }
        let applications = applications.try_into().unwrap_or_else(|_| unreachable!("two tenants"));
        Self { fixture, program, applications }
    }
}

fn login(tenant: &str, user: &str) -> v1::CheckOutRequest {
    v1::CheckOutRequest {
        tenant_id: tenant.into(),
        pool_id: "primary".into(),
        user_id: user.into(),
        device_id: "laptop".into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn another_tenants_session_id_helps_nobody() {
    let Two { applications: [mut acme, mut globex], program: _program, fixture: _fixture } = Two::start().await;
    let answer = acme.check_out(login("acme", "ann@example.org")).await.expect("a decision").into_inner();
    let Some(CheckedOut::Lease(lease)) = answer.outcome else { panic!("{answer:?}") };
    let beat = |tenant: &str| v1::HeartbeatRequest {
        tenant_id: tenant.into(),
        session_id: lease.session_id.clone(),
        active: true,
    };

    // The caller's own tenant has no such session.
    let answer = globex.heartbeat(beat("globex")).await.expect("an answer").into_inner();
    assert!(
        matches!(&answer.outcome, Some(HeartbeatOutcome::Ended(ended)) if ended.reason() == SessionEndReason::Unknown),
        "{answer:?}"
    );
    let check_in = v1::CheckInRequest { tenant_id: "globex".into(), session_id: lease.session_id.clone() };
    let answer = globex.check_in(check_in).await.expect("an answer").into_inner();
    assert!(!answer.ended_now && answer.end_reason() == SessionEndReason::Unknown, "{answer:?}");
    // The caller has no access to the other tenant.
    let status = globex.heartbeat(beat("acme")).await.expect_err("not theirs");
    assert_eq!(shape(&status), (Code::PermissionDenied, "NOT_ALLOWED".into()));
    let check_in = v1::CheckInRequest { tenant_id: "acme".into(), session_id: lease.session_id.clone() };
    assert_eq!(globex.check_in(check_in).await.expect_err("not theirs").code(), Code::PermissionDenied);

    let answer = acme.heartbeat(beat("acme")).await.expect("an answer").into_inner();
    assert!(matches!(answer.outcome, Some(HeartbeatOutcome::Lease(_))), "{answer:?}");
}

#[tokio::test]
async fn not_yours_and_no_such_tenant_look_the_same() {
    let Two { fixture, program, applications: [_, mut globex] } = Two::start().await;
    let (_, viewer) = token(&program.channel(), &fixture.admin, "viewer", &EVERY_ROLE, &["globex"]).await;
    let mut tenants = TenantServiceClient::new(line(&program.channel(), &viewer));
    let mut answers = Vec::new();
    for tenant in ["acme", "there is none"] {
        let get = tenants.get_tenant(v1::GetTenantRequest { tenant_id: tenant.into() }).await.expect_err("not theirs");
        let check_out = globex.check_out(login(tenant, "ann@example.org")).await.expect_err("not theirs");
        let of = |status: tonic::Status| (status.code(), status.message().to_owned(), status.details().to_vec());
        answers.push((of(get), of(check_out)));
    }
    assert_eq!(answers[0], answers[1]);
    // A caller with access to all tenants learns that the tenant does not exist.
    let mut admin = TenantServiceClient::new(line(&program.channel(), &fixture.admin));
    let status = admin.get_tenant(v1::GetTenantRequest { tenant_id: "there is none".into() }).await.expect_err("none");
    assert_eq!(status.code(), Code::NotFound);
}

#[tokio::test]
async fn nobody_gives_away_more_than_they_have() {
    let Two { fixture, program, .. } = Two::start().await;
    let (_, operator) = token(&program.channel(), &fixture.admin, "operator", &[Role::Operator], &["globex"]).await;
    let mut tokens = TokenServiceClient::new(line(&program.channel(), &operator));
    let request = |tenant_ids: &[&str]| v1::CreateTokenRequest {
        name: "more".into(),
        roles: vec![Role::Manager.into()],
        tenant_ids: tenant_ids.iter().map(|id| (*id).to_owned()).collect(),
        all_tenants: tenant_ids.is_empty(),
        ..Default::default()
    };
    for beyond in [&["acme"][..], &["globex", "acme"], &[]] {
        let status = tokens.create_token(request(beyond)).await.expect_err("beyond");
        assert_eq!(shape(&status), (Code::PermissionDenied, "NOT_ALLOWED".into()), "{beyond:?}");
    }
    tokens.create_token(request(&["globex"])).await.expect("their own");
    // They can create only the tenants that their tokens name.
    let mut tenants = TenantServiceClient::new(line(&program.channel(), &operator));
    let tenant = v1::Tenant { tenant_id: "initech".into(), ..Default::default() };
    let status = tenants.create_tenant(v1::CreateTenantRequest { tenant: Some(tenant) }).await.expect_err("beyond");
    assert_eq!(status.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn the_audit_says_who_asked() {
    let Two { fixture, program, applications: [mut acme, _] } = Two::start().await;
    let channel = program.channel();
    let (_, manager) = token(&channel, &fixture.admin, "helpdesk", &[Role::Manager], &["acme"]).await;
    let user = v1::User { user_id: "bob@example.org".into(), ..Default::default() };
    let create = v1::CreateUserRequest { tenant_id: "acme".into(), user: Some(user), ..Default::default() };
    DirectoryServiceClient::new(line(&channel, &manager)).create_user(create).await.expect("a user");
    acme.check_out(login("acme", "bob@example.org")).await.expect("a denial");
    acme.check_out(login("acme", "ann@example.org")).await.expect("a lease");

    let list = v1::ListAuditEventsRequest { tenant_id: "acme".into(), ..Default::default() };
    let mut audit = AuditServiceClient::new(line(&channel, &manager));
    // A denial's event goes out with the next batch (R21), here the batch of the login.
    let events = audit.list_audit_events(list).await.expect("a list").into_inner().events;
    // An actor is `token:`, an id, and the name; removes the id.
    let unnumbered = |actor: &str| match actor.split(':').collect::<Vec<_>>()[..] {
        ["token", id, name] if id.len() == 16 => format!("token:{name}"),
        _ => actor.to_owned(),
    };
    let seen: Vec<_> =
        events.iter().rev().map(|event| (event.action().as_str_name(), unnumbered(&event.actor))).collect();
    let seen: Vec<_> = seen.iter().map(|(action, actor)| (*action, actor.as_str())).collect();
    let admin = "token:admin";
    assert_eq!(
        seen,
        [
            ("AUDIT_ACTION_TENANT_CREATED", admin),
            ("AUDIT_ACTION_USER_CREATED", admin),
            ("AUDIT_ACTION_SEAT_GRANTED", admin),
            ("AUDIT_ACTION_USER_CREATED", "token:helpdesk"),
            ("AUDIT_ACTION_CHECK_OUT_DENIED", "token:acme"),
            ("AUDIT_ACTION_SESSION_STARTED", "token:acme"),
        ]
    );
}
