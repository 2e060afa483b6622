//! Page tokens and cursors, including forged ones with a valid MAC: each is a position in a list, and nothing else.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message;
use tonic::Code;
use usher::opaque_id::{Mac, OpaqueIds};
use usher::proto::v1::{
    CreateTenantRequest, CreateUserRequest, ListAuditEventsRequest, ListOrganizationsRequest, ListSessionsRequest,
    ListTenantsRequest, ListUsersRequest, ListUsersResponse, Policy, Tenant, User, WatchSessionsRequest,
};

use super::fuzz;
use super::service::InProcess;
use crate::support::memory::installation;

/// Returns a token for any cursor that is valid for a request, as an attacker with the installation's secret would
/// forge it.
fn forged(call: &str, request: &impl Message, cursor: &[u8]) -> String {
    let mac = OpaqueIds::new(installation(1).secret).mac(&[call.as_bytes(), &request.encode_to_vec()]);
    URL_SAFE_NO_PAD.encode([&[3], &mac.sign(cursor)[..], cursor].concat())
}

/// Returns two encoded requests: one with the given token, one with a forged token.
macro_rules! asked {
    ($call:literal, $request:expr, $token:ident, $given:expr, $cursor:expr) => {{
        let request = $request;
        let token = forged($call, &request, $cursor);
        let mut given = request.clone();
        given.$token = $given;
        let mut with_forged = request;
        with_forged.$token = token;
        [given.encode_to_vec(), with_forged.encode_to_vec()]
    }};
}

fn requests(bytes: &[u8]) -> Vec<(&'static str, [Vec<u8>; 2])> {
    let tenant_id = || "acme".to_owned();
    let given = || String::from_utf8_lossy(bytes).into_owned();
    let users = ListUsersRequest { tenant_id: tenant_id(), order_by: "name".into(), ..Default::default() };
    let sessions = ListSessionsRequest { tenant_id: tenant_id(), ..Default::default() };
    let organizations = ListOrganizationsRequest { tenant_id: tenant_id(), ..Default::default() };
    let events = ListAuditEventsRequest { tenant_id: tenant_id(), ..Default::default() };
    let watch = WatchSessionsRequest { tenant_id: tenant_id(), ..Default::default() };
    let tenants = ListTenantsRequest::default();
    vec![
        ("usher.v1.DirectoryService/ListUsers", asked!("ListUsers", users, page_token, given(), bytes)),
        ("usher.v1.SessionService/ListSessions", asked!("ListSessions", sessions, page_token, given(), bytes)),
        (
            "usher.v1.DirectoryService/ListOrganizations",
            asked!("ListOrganizations", organizations, page_token, given(), bytes),
        ),
        ("usher.v1.AuditService/ListAuditEvents", asked!("ListAuditEvents", events, page_token, given(), bytes)),
        ("usher.v1.SessionService/WatchSessions", asked!("WatchSessions", watch, cursor, given(), bytes)),
        ("usher.v1.TenantService/ListTenants", asked!("ListTenants", tenants, page_token, given(), bytes)),
    ]
}

fn with_users() -> InProcess {
    let service = InProcess::start();
    let tenant = Tenant { tenant_id: "acme".into(), policy: Some(Policy::default()), ..Default::default() };
    let create = CreateTenantRequest { tenant: Some(tenant) };
    service.call("usher.v1.TenantService/CreateTenant", &create.encode_to_vec()).unwrap();
    for user_id in ["ann", "bob", "cid"] {
        let user = Some(User { user_id: user_id.into(), ..Default::default() });
        let create = CreateUserRequest { tenant_id: "acme".into(), user, ..Default::default() };
        service.call("usher.v1.DirectoryService/CreateUser", &create.encode_to_vec()).unwrap();
    }
    service
}

#[test]
fn tokens_as_they_come_and_forged_ones() {
    let service = with_users();
    let mut accepted = 0;
    fuzz("tokens", 4, |bytes| {
        for (method, requests) in requests(bytes) {
            for request in requests {
                match service.call(method, &request) {
                    Ok(_) => accepted += 1,
                    Err(status) => assert_eq!(status.code(), Code::InvalidArgument, "{method}: {status:?}"),
                }
            }
        }
    });
    assert!(accepted > 0, "no forged token was accepted: forge them as src/service/page.rs makes them");
}

#[test]
fn what_is_printed_is_what_would_be_forged() {
    let service = with_users();
    let first = ListUsersRequest { tenant_id: "acme".into(), page_size: 1, ..Default::default() };
    let page = service.call("usher.v1.DirectoryService/ListUsers", &first.encode_to_vec()).unwrap();
    let page = ListUsersResponse::decode(page).unwrap();
    let cursor = &URL_SAFE_NO_PAD.decode(&page.next_page_token).unwrap()[1 + Mac::BYTES..];
    let shaped = ListUsersRequest { page_size: 0, ..first };
    assert_eq!(forged("ListUsers", &shaped, cursor), page.next_page_token);
}
