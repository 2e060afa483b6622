//! Table of the RPCs and the roles that may call them (docs/AUTHENTICATION.md). A method that is not in the table is
//! refused; a test checks that all methods are in it (`tests/it/access`).

use crate::ledger::access::{Role, Roles};

/// Callers that may call a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, without a credential: the method reveals nothing about any tenant.
    Open,
    /// Callers with at least one of these roles.
    For(Roles),
}

const APPLICATION: Roles = Roles::NONE.with(Role::Application);
const MANAGER: Roles = Roles::NONE.with(Role::Manager);
const OPERATOR: Roles = Roles::NONE.with(Role::Operator);
/// A manager may also read.
const READ: Roles = MANAGER.with(Role::Viewer);

#[rustfmt::skip]
const TABLE: &[(&str, &[(&str, Access)])] = &[
    ("usher.v1.SeatService", &[
        ("CheckOut", Access::For(APPLICATION)),
        ("CheckIn", Access::For(APPLICATION)),
        ("Heartbeat", Access::For(APPLICATION)),
        ("BatchHeartbeat", Access::For(APPLICATION)),
        ("GrantSeat", Access::For(MANAGER)),
        ("RevokeSeat", Access::For(MANAGER)),
        ("BatchGrantSeats", Access::For(MANAGER)),
        ("BatchRevokeSeats", Access::For(MANAGER)),
    ]),
    ("usher.v1.SessionService", &[
        ("ListSessions", Access::For(READ)),
        ("CloseSession", Access::For(MANAGER)),
        ("CloseIdleSessions", Access::For(MANAGER)),
        // Applications learn which of their own sessions to end; consoles display the events.
        ("WatchSessions", Access::For(APPLICATION.with(Role::Manager))),
    ]),
    ("usher.v1.DirectoryService", &[
        ("CreateUser", Access::For(MANAGER)),
        ("GetUser", Access::For(READ)),
        ("UpdateUser", Access::For(MANAGER)),
        ("RenameUser", Access::For(MANAGER)),
        ("ListUsers", Access::For(READ)),
        ("BlockUser", Access::For(MANAGER)),
        ("UnblockUser", Access::For(MANAGER)),
        ("DeleteUser", Access::For(MANAGER)),
        ("SyncUsers", Access::For(MANAGER)),
        ("ExportUsers", Access::For(READ)),
        ("CreateOrganization", Access::For(MANAGER)),
        ("UpdateOrganization", Access::For(MANAGER)),
        ("ListOrganizations", Access::For(READ)),
        ("DeleteOrganization", Access::For(MANAGER)),
    ]),
    ("usher.v1.LicenseService", &[
        ("InstallLicense", Access::For(MANAGER)),
        ("ListLicenses", Access::For(READ)),
        ("DeleteLicense", Access::For(MANAGER)),
        ("DeleteLicenses", Access::For(MANAGER)),
        ("CreateLicenseRequest", Access::For(MANAGER)),
        ("SendLicenseRequest", Access::For(MANAGER)),
        ("FetchLicense", Access::For(MANAGER)),
        ("GetLicenseInformation", Access::For(READ)),
        // Applications read which features they may offer.
        ("GetEntitlements", Access::For(READ.with(Role::Application))),
    ]),
    ("usher.v1.TenantService", &[
        ("CreateTenant", Access::For(OPERATOR)),
        ("GetTenant", Access::For(READ.with(Role::Operator))),
        // Managers set the policy.
        ("UpdateTenant", Access::For(MANAGER.with(Role::Operator))),
        ("ListTenants", Access::For(READ.with(Role::Operator))),
        ("SuspendTenant", Access::For(OPERATOR)),
        ("ResumeTenant", Access::For(OPERATOR)),
        ("DeleteTenant", Access::For(OPERATOR)),
        ("GetUsage", Access::For(READ.with(Role::Operator))),
    ]),
    ("usher.v1.NotificationService", &[
        ("ListNotifications", Access::For(READ)),
        ("RedeliverNotification", Access::For(MANAGER)),
    ]),
    ("usher.v1.AuditService", &[
        ("ListAuditEvents", Access::For(READ.with(Role::Operator))),
        ("ExportAuditEvents", Access::For(READ.with(Role::Operator))),
    ]),
    ("usher.v1.TokenService", &[
        ("CreateToken", Access::For(OPERATOR)),
        ("ListTokens", Access::For(OPERATOR)),
        ("RevokeToken", Access::For(OPERATOR)),
    ]),
    ("usher.v1.ServerService", &[
        ("GetServer", Access::For(OPERATOR)),
        ("ListNodes", Access::For(OPERATOR)),
        ("SetLogFilter", Access::For(OPERATOR)),
    ]),
    // Health probes have no credential, and the contract is not secret.
    ("grpc.health.v1.Health", &[
        ("Check", Access::Open),
        ("Watch", Access::Open),
        ("List", Access::Open),
    ]),
    ("grpc.reflection.v1.ServerReflection", &[("ServerReflectionInfo", Access::Open)]),
    ("grpc.reflection.v1alpha.ServerReflection", &[("ServerReflectionInfo", Access::Open)]),
];

/// Returns the callers of a method such as `usher.v1.SeatService/CheckOut`. `None`: there is no such method, and nobody
/// may call it.
#[must_use]
pub fn access(method: &str) -> Option<Access> {
    let (service, name) = method.split_once('/')?;
    let (_, methods) = TABLE.iter().find(|(known, _)| *known == service)?;
    methods.iter().find(|(known, _)| *known == name).map(|(_, access)| *access)
}

/// All methods of the table, for comparison with the contract.
pub fn methods() -> impl Iterator<Item = String> {
    TABLE.iter().flat_map(|(service, methods)| methods.iter().map(move |(name, _)| format!("{service}/{name}")))
}
