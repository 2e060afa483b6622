//! The table of RPCs and roles, compared with the contract and with the roles in docs/AUTHENTICATION.md.

use std::collections::{BTreeMap, BTreeSet};

use usher::app::mount;
use usher::auth::policy::{self, Access};
use usher::ledger::access::Role;

/// The same table again, by roles: `Service/*` is every method of a service.
const ROLES: [(Role, &[&str]); 4] = [
    (
        Role::Application,
        &[
            "SeatService/CheckOut CheckIn Heartbeat BatchHeartbeat",
            "SessionService/WatchSessions",
            "LicenseService/GetEntitlements",
        ],
    ),
    (
        Role::Viewer,
        &[
            "SessionService/ListSessions",
            "DirectoryService/GetUser ListUsers ExportUsers ListOrganizations",
            "LicenseService/ListLicenses GetLicenseInformation GetEntitlements",
            "TenantService/GetTenant ListTenants GetUsage",
            "NotificationService/ListNotifications",
            "AuditService/ListAuditEvents ExportAuditEvents",
        ],
    ),
    (
        Role::Manager,
        &[
            "SeatService/GrantSeat RevokeSeat BatchGrantSeats BatchRevokeSeats",
            "SessionService/*",
            "DirectoryService/*",
            "LicenseService/*",
            "TenantService/GetTenant UpdateTenant ListTenants GetUsage",
            "NotificationService/*",
            "AuditService/*",
        ],
    ),
    (
        Role::Operator,
        &["TenantService/*", "TokenService/*", "ServerService/*", "AuditService/ListAuditEvents ExportAuditEvents"],
    ),
];

/// Returns the roles that may call each of Usher's methods.
pub fn expected() -> BTreeMap<String, BTreeSet<Role>> {
    let methods = mount::methods();
    let ours = methods.names().filter_map(|name| name.strip_prefix("usher.v1."));
    let mut table: BTreeMap<String, BTreeSet<Role>> = ours.map(|name| (name.to_owned(), BTreeSet::new())).collect();
    for (role, lines) in ROLES {
        for line in lines {
            let (service, names) = line.split_once('/').expect("a service and methods");
            let named: Vec<_> = names.split(' ').map(|name| format!("{service}/{name}")).collect();
            for (method, roles) in &mut table {
                let whole = names == "*" && method.starts_with(&format!("{service}/"));
                if whole || named.contains(method) {
                    roles.insert(role);
                }
            }
        }
    }
    table
}

#[test]
fn no_method_of_the_contract_is_missing_in_the_table_and_none_is_made_up() {
    let methods = mount::methods();
    let served: BTreeSet<String> = methods.names().map(str::to_owned).collect();
    let listed: BTreeSet<String> = policy::methods().collect();
    let missing: Vec<_> = served.difference(&listed).collect();
    assert!(missing.is_empty(), "not in src/auth/policy.rs: {missing:?}");
    let made_up: Vec<_> = listed.difference(&served).filter(|name| name.starts_with("usher.")).collect();
    assert!(made_up.is_empty(), "in src/auth/policy.rs and not in the contract: {made_up:?}");
    assert_eq!(policy::access("usher.v1.SeatService/NoSuchMethod"), None);
}

#[test]
fn every_role_may_call_what_it_is_for_and_nothing_else() {
    for (method, roles) in expected() {
        assert!(!roles.is_empty(), "{method} is for nobody");
        let Some(Access::For(allowed)) = policy::access(&format!("usher.v1.{method}")) else {
            panic!("{method} is open to everybody")
        };
        assert_eq!(allowed.iter().collect::<BTreeSet<_>>(), roles, "{method}");
    }
}

#[test]
fn only_health_and_reflection_need_no_credential() {
    let open = |name: &String| policy::access(name) == Some(Access::Open);
    let open: BTreeSet<_> =
        policy::methods().filter(open).map(|name| name.split('/').next().unwrap().to_owned()).collect();
    let expected =
        ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];
    assert_eq!(open, expected.map(str::to_owned).into());
}
