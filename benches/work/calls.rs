//! Each RPC at the largest size that is permitted: what a caller can do at worst to everybody else.

use prost::Message;
use tonic::Status;
use usher::client::Line;
use usher::proto::v1::audit_service_client::AuditServiceClient;
use usher::proto::v1::directory_service_client::DirectoryServiceClient;
use usher::proto::v1::license_service_client::LicenseServiceClient;
use usher::proto::v1::notification_service_client::NotificationServiceClient;
use usher::proto::v1::seat_service_client::SeatServiceClient;
use usher::proto::v1::server_service_client::ServerServiceClient;
use usher::proto::v1::session_service_client::SessionServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::token_service_client::TokenServiceClient;
use usher::proto::v1::*;

use crate::world::{LARGE, ORGANIZATIONS, POOLS, WIDE, World, organization, pool, user, wide_user};

const MAX_ANSWER: usize = 256 * 1024 * 1024;
/// The largest page.
const PAGE: i32 = 1_000;
/// Items of a batch, users of a wide one.
const BATCH: usize = 1_000;
/// Seats of a user who is created.
const SEATS: usize = 256;

/// The license that is installed, and deleted.
const THIRD: &str = "third";

/// How many bytes were answered, if the call was.
pub type Called = Result<usize, Status>;

macro_rules! unary {
    ($world:ident, $client:ident, $method:ident, $request:expr) => {{
        let client = $client::new($world.line.clone());
        let mut client = client.max_decoding_message_size(MAX_ANSWER).max_encoding_message_size(MAX_ANSWER);
        client.$method($request).await.map(|answer| answer.into_inner().encoded_len())
    }};
}

macro_rules! stream {
    ($world:ident, $client:ident, $method:ident, $request:expr) => {{
        let client = $client::new($world.line.clone());
        let mut client = client.max_decoding_message_size(MAX_ANSWER).max_encoding_message_size(MAX_ANSWER);
        match client.$method($request).await {
            Ok(answer) => {
                let (mut stream, mut bytes) = (answer.into_inner(), 0);
                loop {
                    match stream.message().await {
                        Ok(Some(message)) => bytes += message.encoded_len(),
                        Ok(None) => break Ok(bytes),
                        Err(status) => break Err(status),
                    }
                }
            }
            Err(status) => Err(status),
        }
    }};
}

/// Calls a method once, at its largest. `None`: there is no entry for it, which is an error of this benchmark.
pub async fn call(world: &World, method: &str) -> Option<Called> {
    let (service, name) = method.split_once('/')?;
    match service {
        "usher.v1.SeatService" => seats(world, name).await,
        "usher.v1.DirectoryService" => directory(world, name).await,
        "usher.v1.TenantService" => tenants(world, name).await,
        "usher.v1.LicenseService" => licenses(world, name).await,
        "usher.v1.SessionService" => sessions(world, name).await,
        _ => others(world, method).await,
    }
}

async fn seats(world: &World, name: &str) -> Option<Called> {
    let (large, wide) = (LARGE.to_owned(), WIDE.to_owned());
    let all_pools = || (0..POOLS).map(pool).collect::<Vec<_>>();
    let all_organizations = || (0..ORGANIZATIONS).map(organization).collect::<Vec<_>>();
    Some(match name {
        "CheckOut" => {
            let request = CheckOutRequest {
                tenant_id: wide,
                pool_id: pool(POOLS - 1),
                user_id: wide_user(0),
                device_id: "d".repeat(128),
                client: "c".repeat(512),
                ..Default::default()
            };
            unary!(world, SeatServiceClient, check_out, request)
        }
        "CheckIn" => {
            let session_id = world.sign_in(LARGE, &user(1)).await;
            unary!(world, SeatServiceClient, check_in, CheckInRequest { tenant_id: large, session_id })
        }
        "Heartbeat" => {
            let session_id = world.sign_in(LARGE, &user(2)).await;
            let request = HeartbeatRequest { tenant_id: large, session_id, active: true };
            unary!(world, SeatServiceClient, heartbeat, request)
        }
        "BatchHeartbeat" => {
            let session_id = world.sign_in(LARGE, &user(2)).await;
            let beat = SessionHeartbeat { session_id, active: true };
            let request = BatchHeartbeatRequest { tenant_id: large, heartbeats: vec![beat; BATCH] };
            unary!(world, SeatServiceClient, batch_heartbeat, request)
        }
        "GrantSeat" => {
            let request = GrantSeatRequest {
                tenant_id: wide,
                pool_id: pool(0),
                user_id: wide_user(world.next()),
                organization_ids: all_organizations(),
            };
            unary!(world, SeatServiceClient, grant_seat, request)
        }
        "RevokeSeat" => {
            let request = RevokeSeatRequest {
                tenant_id: wide,
                pool_id: pool(0),
                user_id: wide_user(0),
                organization_ids: all_organizations(),
                end_sessions: true,
            };
            unary!(world, SeatServiceClient, revoke_seat, request)
        }
        "BatchGrantSeats" => {
            let request = BatchGrantSeatsRequest {
                tenant_id: wide,
                pool_ids: all_pools()[..10].to_vec(),
                user_ids: (0..BATCH / 10).map(wide_user).collect(),
                organization_ids: all_organizations()[..10].to_vec(),
            };
            unary!(world, SeatServiceClient, batch_grant_seats, request)
        }
        "BatchRevokeSeats" => {
            let request = BatchRevokeSeatsRequest {
                tenant_id: wide,
                pool_ids: all_pools()[..10].to_vec(),
                user_ids: (0..BATCH / 10).map(wide_user).collect(),
                organization_ids: all_organizations()[..10].to_vec(),
                end_sessions: true,
            };
            unary!(world, SeatServiceClient, batch_revoke_seats, request)
        }
        _ => return None,
    })
}

async fn directory(world: &World, name: &str) -> Option<Called> {
    let (large, wide) = (LARGE.to_owned(), WIDE.to_owned());
    let words = || (0..8).map(|word| format!("nobody{word}")).collect::<Vec<_>>().join(" ");
    let etag = String::new();
    Some(match name {
        "CreateUser" => {
            let user = world.stuffed(world.next());
            let pool_ids = (0..SEATS).map(pool).collect();
            let request = CreateUserRequest { tenant_id: wide, user: Some(user), pool_ids };
            unary!(world, DirectoryServiceClient, create_user, request)
        }
        "GetUser" => {
            let request = GetUserRequest { tenant_id: wide, user_id: wide_user(0), ..Default::default() };
            unary!(world, DirectoryServiceClient, get_user, request)
        }
        "UpdateUser" => {
            let mut user = world.stuffed(world.next());
            user.user_id = wide_user(1);
            let update_mask = Some(prost_types::FieldMask { paths: vec!["groups".into(), "attributes".into()] });
            let request = UpdateUserRequest { tenant_id: wide, user: Some(user), update_mask };
            unary!(world, DirectoryServiceClient, update_user, request)
        }
        "RenameUser" => {
            let [here, there] = [wide_user(2), format!("renamed{:07}@example.com", world.next())];
            let rename = |from: &String, to: &String| RenameUserRequest {
                tenant_id: wide.clone(),
                user_id: from.clone(),
                new_user_id: to.clone(),
            };
            let renamed: Called = unary!(world, DirectoryServiceClient, rename_user, rename(&here, &there));
            match renamed {
                Ok(_) => unary!(world, DirectoryServiceClient, rename_user, rename(&there, &here)),
                Err(status) => Err(status),
            }
        }
        "ListUsers" => {
            let request = ListUsersRequest {
                tenant_id: large,
                page_size: PAGE,
                text: words(),
                text_match: TextMatch::Any.into(),
                order_by: "name desc".into(),
                ..Default::default()
            };
            unary!(world, DirectoryServiceClient, list_users, request)
        }
        "BlockUser" => {
            let request = BlockUserRequest { tenant_id: wide, user_id: wide_user(2), end_sessions: true };
            unary!(world, DirectoryServiceClient, block_user, request)
        }
        "UnblockUser" => {
            let request = UnblockUserRequest { tenant_id: wide, user_id: wide_user(2) };
            unary!(world, DirectoryServiceClient, unblock_user, request)
        }
        "DeleteUser" => {
            let request = DeleteUserRequest { tenant_id: wide, user_id: wide_user(3 + world.next() % 100) };
            unary!(world, DirectoryServiceClient, delete_user, request)
        }
        "SyncUsers" => {
            let entry = |number: usize| SyncEntry {
                user: Some(world.stuffed(number)),
                pool_ids: (0..32).map(pool).collect(),
                organization_ids: (0..32).map(organization).collect(),
                ..SyncEntry::default()
            };
            let message =
                SyncUsersRequest { tenant_id: wide, entries: (0..32).map(entry).collect(), ..Default::default() };
            unary!(world, DirectoryServiceClient, sync_users, tokio_stream::iter([message]))
        }
        "ExportUsers" => {
            let request = ExportUsersRequest { tenant_id: large, ..Default::default() };
            stream!(world, DirectoryServiceClient, export_users, request)
        }
        "CreateOrganization" => {
            let organization_id = format!("{:o<128}", format!("fresh-{}", world.next()));
            let organization = Organization { organization_id, display_name: "n".repeat(256), ..Default::default() };
            let request = CreateOrganizationRequest { tenant_id: wide, organization: Some(organization) };
            unary!(world, DirectoryServiceClient, create_organization, request)
        }
        "UpdateOrganization" => {
            let display_name = format!("{:n<256}", world.next());
            let organization =
                Organization { organization_id: organization(0), display_name, etag, ..Default::default() };
            let update_mask = Some(prost_types::FieldMask { paths: vec!["display_name".into()] });
            let request = UpdateOrganizationRequest { tenant_id: wide, organization: Some(organization), update_mask };
            unary!(world, DirectoryServiceClient, update_organization, request)
        }
        "ListOrganizations" => {
            let request =
                ListOrganizationsRequest { tenant_id: wide, page_size: PAGE, text: "o".into(), ..Default::default() };
            unary!(world, DirectoryServiceClient, list_organizations, request)
        }
        "DeleteOrganization" => {
            let organization_id = organization(1 + world.next() % 100);
            let request = DeleteOrganizationRequest { tenant_id: wide, organization_id };
            unary!(world, DirectoryServiceClient, delete_organization, request)
        }
        _ => return None,
    })
}

async fn tenants(world: &World, name: &str) -> Option<Called> {
    let large = LARGE.to_owned();
    Some(match name {
        "CreateTenant" => {
            let tenant_id = format!("{:t<128}", format!("fresh-{}", world.next()));
            let tenant = Tenant { tenant_id, contact: "c".repeat(1_024), ..Default::default() };
            unary!(world, TenantServiceClient, create_tenant, CreateTenantRequest { tenant: Some(tenant) })
        }
        "GetTenant" => unary!(world, TenantServiceClient, get_tenant, GetTenantRequest { tenant_id: large }),
        "UpdateTenant" => {
            // Every pool is looked at, every seat and every session counted anew.
            let seconds = 36_000 + i64::try_from(world.next()).unwrap_or(0);
            let policy = Policy {
                max_session: Some(prost_types::Duration { seconds, nanos: 0 }),
                warn_at_percent: (90..100).collect(),
                ..Default::default()
            };
            let tenant = Tenant { tenant_id: large, policy: Some(policy), ..Default::default() };
            let paths = vec!["policy.max_session".into(), "policy.warn_at_percent".into()];
            let update_mask = Some(prost_types::FieldMask { paths });
            let request = UpdateTenantRequest { tenant: Some(tenant), update_mask };
            unary!(world, TenantServiceClient, update_tenant, request)
        }
        "ListTenants" => {
            let request = ListTenantsRequest { page_size: PAGE, text: "nobody".into(), ..Default::default() };
            unary!(world, TenantServiceClient, list_tenants, request)
        }
        "SuspendTenant" => {
            unary!(world, TenantServiceClient, suspend_tenant, SuspendTenantRequest { tenant_id: large })
        }
        "ResumeTenant" => unary!(world, TenantServiceClient, resume_tenant, ResumeTenantRequest { tenant_id: large }),
        "DeleteTenant" => {
            let tenant_id = world.doomed().await;
            unary!(world, TenantServiceClient, delete_tenant, DeleteTenantRequest { tenant_id })
        }
        "GetUsage" => {
            unary!(world, TenantServiceClient, get_usage, GetUsageRequest { tenant_id: WIDE.to_owned() })
        }
        _ => return None,
    })
}

async fn licenses(world: &World, name: &str) -> Option<Called> {
    let wide = WIDE.to_owned();
    Some(match name {
        "InstallLicense" => {
            let document = world.license(THIRD);
            unary!(world, LicenseServiceClient, install_license, InstallLicenseRequest { tenant_id: wide, document })
        }
        "ListLicenses" => {
            let request = ListLicensesRequest { tenant_id: wide, page_size: PAGE, ..Default::default() };
            unary!(world, LicenseServiceClient, list_licenses, request)
        }
        "DeleteLicense" => {
            let license_id = THIRD.to_owned();
            unary!(world, LicenseServiceClient, delete_license, DeleteLicenseRequest { tenant_id: wide, license_id })
        }
        "DeleteLicenses" => {
            unary!(world, LicenseServiceClient, delete_licenses, DeleteLicensesRequest { tenant_id: wide })
        }
        "CreateLicenseRequest" => {
            let request = CreateLicenseRequestRequest { tenant_id: wide, ..Default::default() };
            unary!(world, LicenseServiceClient, create_license_request, request)
        }
        "SendLicenseRequest" => {
            let request = SendLicenseRequestRequest { tenant_id: wide, ..Default::default() };
            unary!(world, LicenseServiceClient, send_license_request, request)
        }
        "FetchLicense" => {
            unary!(world, LicenseServiceClient, fetch_license, FetchLicenseRequest { tenant_id: wide })
        }
        "GetLicenseInformation" => {
            let request = GetLicenseInformationRequest { tenant_id: wide };
            unary!(world, LicenseServiceClient, get_license_information, request)
        }
        "GetEntitlements" => {
            unary!(world, LicenseServiceClient, get_entitlements, GetEntitlementsRequest { tenant_id: wide })
        }
        _ => return None,
    })
}

async fn sessions(world: &World, name: &str) -> Option<Called> {
    let large = LARGE.to_owned();
    Some(match name {
        "ListSessions" => {
            let request = ListSessionsRequest { tenant_id: large, page_size: PAGE, ..Default::default() };
            unary!(world, SessionServiceClient, list_sessions, request)
        }
        "CloseSession" => {
            let session_id = world.sign_in(LARGE, &user(3)).await;
            let request = CloseSessionRequest { tenant_id: large, session_id, force: true, ..Default::default() };
            unary!(world, SessionServiceClient, close_session, request)
        }
        "CloseIdleSessions" => {
            let request = CloseIdleSessionsRequest { tenant_id: large, ..Default::default() };
            unary!(world, SessionServiceClient, close_idle_sessions, request)
        }
        "WatchSessions" => {
            // It has no end: its first messages.
            let mut client = SessionServiceClient::new(world.line.clone());
            match client.watch_sessions(WatchSessionsRequest { tenant_id: large, ..Default::default() }).await {
                Ok(answer) => answer.into_inner().message().await.map(|first| first.map_or(0, |m| m.encoded_len())),
                Err(status) => Err(status),
            }
        }
        _ => return None,
    })
}

async fn others(world: &World, method: &str) -> Option<Called> {
    let large = LARGE.to_owned();
    Some(match method {
        "usher.v1.AuditService/ListAuditEvents" => {
            let request = ListAuditEventsRequest {
                tenant_id: large,
                page_size: PAGE,
                actor: "nobody".into(),
                ..Default::default()
            };
            unary!(world, AuditServiceClient, list_audit_events, request)
        }
        "usher.v1.AuditService/ExportAuditEvents" => {
            let request = ExportAuditEventsRequest { tenant_id: large, ..Default::default() };
            stream!(world, AuditServiceClient, export_audit_events, request)
        }
        "usher.v1.NotificationService/ListNotifications" => {
            let request = ListNotificationsRequest { tenant_id: large, page_size: PAGE, ..Default::default() };
            unary!(world, NotificationServiceClient, list_notifications, request)
        }
        "usher.v1.NotificationService/RedeliverNotification" => {
            let request = RedeliverNotificationRequest { tenant_id: large, topic: "exceeded/primary".into() };
            unary!(world, NotificationServiceClient, redeliver_notification, request)
        }
        "usher.v1.ServerService/GetServer" => unary!(world, ServerServiceClient, get_server, GetServerRequest {}),
        "usher.v1.ServerService/SetLogFilter" => {
            let request = SetLogFilterRequest { filter: "info".into(), ..Default::default() };
            unary!(world, ServerServiceClient, set_log_filter, request)
        }
        "usher.v1.TokenService/CreateToken" => {
            let tenant_ids = (0..1_000).map(|tenant| format!("{:x<128}", format!("tenant-{tenant}"))).collect();
            let name = format!("token-{}", world.next());
            let roles = vec![Role::Viewer.into()];
            let request = CreateTokenRequest { name, roles, tenant_ids, ..Default::default() };
            unary!(world, TokenServiceClient, create_token, request)
        }
        "usher.v1.TokenService/ListTokens" => {
            unary!(world, TokenServiceClient, list_tokens, ListTokensRequest { page_size: PAGE, ..Default::default() })
        }
        "usher.v1.TokenService/RevokeToken" => {
            let request = RevokeTokenRequest { token_id: "0123456789abcdef".into() };
            unary!(world, TokenServiceClient, revoke_token, request)
        }
        _ => return None,
    })
}

/// A line of its own, so that what is measured waits for nothing else.
pub async fn neighbor(line: &Line, tenant: &str, number: usize) {
    let mut client = SeatServiceClient::new(line.clone());
    let answer = crate::load::check_out(&mut client, tenant, "primary", &crate::seed::user(number), "laptop").await;
    drop(answer);
}
