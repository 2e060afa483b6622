//! What the contract says about calls that are carried out twice (C8).

use super::methods;
use crate::server::IdempotencyLevel::{self, IdempotencyUnknown, Idempotent, NoSideEffects};

/// Every RPC that changes something, and why it may, or may not, be carried out twice. All others only read.
const CHANGES: &[(&str, IdempotencyLevel, &str)] = &[
    ("SeatService/CheckOut", Idempotent, "it renews the session (R16); the service refuses a second take-over (R17)"),
    ("SeatService/CheckIn", Idempotent, "a session that has ended keeps its end (R24)"),
    ("SeatService/Heartbeat", Idempotent, "it extends a lease to the same end (R22)"),
    ("SeatService/BatchHeartbeat", Idempotent, "as a heartbeat"),
    ("SeatService/GrantSeat", Idempotent, "its key is user and pool"),
    ("SeatService/RevokeSeat", Idempotent, "its key is user and pool"),
    ("SeatService/BatchGrantSeats", Idempotent, "as GrantSeat"),
    ("SeatService/BatchRevokeSeats", Idempotent, "as RevokeSeat"),
    ("SessionService/CloseSession", Idempotent, "a session that has ended keeps its end (R24)"),
    ("SessionService/CloseIdleSessions", IdempotencyUnknown, "the second answer lacks those that the first closed"),
    ("DirectoryService/CreateUser", IdempotencyUnknown, "the second is refused: the user exists"),
    ("DirectoryService/UpdateUser", IdempotencyUnknown, "the second is refused: its etag is stale"),
    ("DirectoryService/RenameUser", IdempotencyUnknown, "the second is refused, or renames another user"),
    ("DirectoryService/BlockUser", Idempotent, "it answers with the user as it is then"),
    ("DirectoryService/UnblockUser", Idempotent, "it answers with the user as it is then"),
    ("DirectoryService/DeleteUser", IdempotencyUnknown, "the second is refused, or deletes a user who is new"),
    ("DirectoryService/SyncUsers", IdempotencyUnknown, "the second answer lacks what the first did, which may be half"),
    ("DirectoryService/CreateOrganization", IdempotencyUnknown, "the second is refused: it exists"),
    ("DirectoryService/UpdateOrganization", IdempotencyUnknown, "the second is refused: its etag is stale"),
    ("DirectoryService/DeleteOrganization", IdempotencyUnknown, "the second is refused, or deletes one that is new"),
    ("LicenseService/InstallLicense", IdempotencyUnknown, "the second answers that nothing was changed"),
    ("LicenseService/DeleteLicense", IdempotencyUnknown, "the second is refused: there is none"),
    ("LicenseService/DeleteLicenses", IdempotencyUnknown, "the second answers that nothing was changed"),
    ("LicenseService/SendLicenseRequest", IdempotencyUnknown, "it sends another mail"),
    ("LicenseService/FetchLicense", IdempotencyUnknown, "the second answers that nothing was changed"),
    ("TenantService/CreateTenant", IdempotencyUnknown, "the second is refused: the tenant exists"),
    ("TenantService/UpdateTenant", IdempotencyUnknown, "the second is refused: its etag is stale"),
    ("TenantService/SuspendTenant", Idempotent, "it answers with the tenant as it is then"),
    ("TenantService/ResumeTenant", Idempotent, "it answers with the tenant as it is then"),
    ("TenantService/DeleteTenant", IdempotencyUnknown, "the second is refused, or deletes a tenant that is new"),
    ("NotificationService/RedeliverNotification", IdempotencyUnknown, "it sends another notification"),
    ("TokenService/CreateToken", IdempotencyUnknown, "it makes another token, with another secret"),
    ("TokenService/RevokeToken", Idempotent, "the second changes nothing and answers the same"),
    ("ServerService/SetLogFilter", Idempotent, "it sets the same filter"),
];

#[test]
fn the_contract_says_of_each_rpc_whether_it_may_be_carried_out_twice() {
    let methods = methods();
    let ours = methods.all().iter().filter_map(|method| Some((method.name.strip_prefix("usher.v1.")?, method)));
    let mut changes = 0;
    for (name, method) in ours {
        let listed = CHANGES.iter().find(|(change, ..)| *change == name);
        changes += usize::from(listed.is_some());
        let (level, why) = listed.map_or((NoSideEffects, "it only reads"), |(_, level, why)| (*level, why));
        assert_eq!(method.idempotency, level, "{name}: {why}");
        assert_eq!(method.is_repeatable(), level != IdempotencyUnknown);
    }
    assert_eq!(changes, CHANGES.len(), "each is in the contract");
}

#[test]
fn every_service_has_its_methods() {
    let methods = methods();
    for service in [
        "usher.v1.SeatService",
        "usher.v1.SessionService",
        "usher.v1.DirectoryService",
        "usher.v1.LicenseService",
        "usher.v1.TenantService",
        "usher.v1.AuditService",
        "usher.v1.NotificationService",
        "usher.v1.TokenService",
        "usher.v1.ServerService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ] {
        assert!(methods.services().any(|name| name == service), "{service}");
    }
    let check_out = methods.find("/usher.v1.SeatService/CheckOut").expect("it is in the contract");
    assert_eq!(methods.all()[check_out].service(), "usher.v1.SeatService");
    assert!(!methods.all()[check_out].streams);
}

#[test]
fn endless_streams_are_in_the_contract_and_stream() {
    let methods = methods();
    let endless: Vec<_> = methods.all().iter().filter(|method| method.endless).collect();
    assert_eq!(endless.len(), 4, "{endless:?}");
    assert!(endless.iter().all(|method| method.streams), "{endless:?}");
}
