//! The one table: which RPC is for whom (docs/AUTHENTICATION.md). A method that is missing here is
//! refused, and a test proves that none is (`tests/it/access`).

use crate::ledger::access::{Role, Roles};

/// Whom a method is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, without a credential: it says nothing about any tenant.
    Open,
    /// Whoever has one of these roles.
    For(Roles),
}

const APPLICATION: Roles = Roles::NONE.with(Role::Application);
const MANAGER: Roles = Roles::NONE.with(Role::Manager);
const OPERATOR: Roles = Roles::NONE.with(Role::Operator);
/// Who manages something can look at it.
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
        // Applications end their own sessions by it; consoles show it.
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
        // Applications ask what they may offer.
        ("GetEntitlements", Access::For(READ.with(Role::Application))),
    ]),
    ("usher.v1.TenantService", &[
        ("CreateTenant", Access::For(OPERATOR)),
        ("GetTenant", Access::For(READ.with(Role::Operator))),
        // The policy is a manager's.
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
        ("SetLogFilter", Access::For(OPERATOR)),
    ]),
    // Probes bring no credential, and the contract is no secret.
    ("grpc.health.v1.Health", &[
        ("Check", Access::Open),
        ("Watch", Access::Open),
        ("List", Access::Open),
    ]),
    ("grpc.reflection.v1.ServerReflection", &[("ServerReflectionInfo", Access::Open)]),
    ("grpc.reflection.v1alpha.ServerReflection", &[("ServerReflectionInfo", Access::Open)]),
];

/// Whom a method such as `usher.v1.SeatService/CheckOut` is for. `None`: nobody.
#[must_use]
pub fn access(method: &str) -> Option<Access> {
    let (service, name) = method.split_once('/')?;
    let (_, methods) = TABLE.iter().find(|(known, _)| *known == service)?;
    methods.iter().find(|(known, _)| *known == name).map(|(_, access)| *access)
}

/// Every method of the table, to be held against the contract.
pub fn methods() -> impl Iterator<Item = String> {
    TABLE.iter().flat_map(|(service, methods)| methods.iter().map(move |(name, _)| format!("{service}/{name}")))
}
