//! The audit, notifications, the server, and tokens.

use prost::Message;
use usher::proto::v1::audit_service_client::AuditServiceClient;
use usher::proto::v1::notification_service_client::NotificationServiceClient;
use usher::proto::v1::server_service_client::ServerServiceClient;
use usher::proto::v1::token_service_client::TokenServiceClient;
use usher::proto::v1::*;

use super::{Called, PAGE};
use crate::world::{LARGE, World};

pub async fn call(world: &World, method: &str) -> Option<Called> {
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
        "usher.v1.ServerService/ListNodes" => unary!(world, ServerServiceClient, list_nodes, ListNodesRequest {}),
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
