//! A check-out that is sent again because its outcome is not known (C8).

use std::sync::Arc;

use tonic::{Request, Response, Status};
use tonic_types::StatusExt;
use usher::ledger::time::WallTime;
use usher::license::Trust;
use usher::licensing::Licensing;
use usher::proto::v1::check_out_response::Outcome;
use usher::proto::v1::seat_service_server::SeatService as _;
use usher::proto::v1::tenant_service_server::TenantService as _;
use usher::proto::v1::{self, WhenAlreadySignedIn};
use usher::server::Repeated;
use usher::service::{SeatService, TenantService};
use usher::store::Installation;

use crate::conformance::Backend;
use crate::support::callers::anonymous_request;
use crate::support::in_process::TestProcess;

/// Services of a tenant with this policy.
async fn services(backend: &Backend, policy: WhenAlreadySignedIn) -> (TestProcess, SeatService) {
    let store = Arc::from(backend.open().await);
    let process =
        TestProcess::start(store, Installation::new(1), WallTime(1_800_000_000_000), 5, Default::default()).await;
    let licensing = Arc::new(Licensing::new(Trust::new([]), Vec::new(), process.now.clone()));
    let context = process.context(&licensing, &Default::default());
    let policy = v1::Policy {
        when_already_signed_in: policy.into(),
        unknown_users: v1::UnknownUsers::Admit.into(),
        ..Default::default()
    };
    let tenant = v1::Tenant { tenant_id: "acme".into(), policy: Some(policy), ..Default::default() };
    let request = anonymous_request(v1::CreateTenantRequest { tenant: Some(tenant) });
    TenantService::new(Arc::clone(&context)).create_tenant(request).await.expect("a tenant");
    (process, SeatService::new(context))
}

fn login(device: &str, repeated: bool) -> Request<v1::CheckOutRequest> {
    let mut request = anonymous_request(v1::CheckOutRequest {
        tenant_id: "acme".into(),
        pool_id: "primary".into(),
        user_id: "ann@acme.example".into(),
        device_id: device.into(),
        ..Default::default()
    });
    if repeated {
        request.extensions_mut().insert(Repeated);
    }
    request
}

/// The session, and whether it was renewed.
fn session(answer: Result<Response<v1::CheckOutResponse>, Status>) -> (String, bool) {
    match answer.expect("a decision").into_inner().outcome {
        Some(Outcome::Lease(lease)) => (lease.session_id, lease.renewed),
        other => panic!("no lease: {other:?}"),
    }
}

#[tokio::test]
async fn a_check_out_gets_its_session_again() {
    let backend = Backend::sqlite();
    let (process, seats) = services(&backend, WhenAlreadySignedIn::Deny).await;
    let (first, _) = session(seats.check_out(login("laptop", false)).await);
    assert_eq!(session(seats.check_out(login("laptop", true)).await), (first, true));
    process.stop().await;
}

#[tokio::test]
async fn one_that_may_end_other_sessions_is_not_carried_out_twice() {
    let backend = Backend::sqlite();
    let (process, seats) = services(&backend, WhenAlreadySignedIn::TakeOver).await;
    session(seats.check_out(login("laptop", false)).await);
    // Meanwhile the user went on at another device.
    let (later, _) = session(seats.check_out(login("phone", false)).await);
    let refused = seats.check_out(login("laptop", true)).await.expect_err("its outcome is not known");
    assert_eq!(refused.get_details_error_info().expect("a reason").reason, "OUTCOME_UNKNOWN");
    assert_eq!(session(seats.check_out(login("phone", false)).await), (later, true), "it lives on");
    process.stop().await;
}
