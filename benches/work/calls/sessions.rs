//! Sessions, as administrators see them.

use prost::Message;
use usher::proto::v1::session_service_client::SessionServiceClient;
use usher::proto::v1::*;

use super::{Called, PAGE};
use crate::world::{LARGE, World, user};

pub async fn call(world: &World, name: &str) -> Option<Called> {
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
            // A watch has no end, so only its first messages are read.
            let mut client = SessionServiceClient::new(world.line.clone());
            match client.watch_sessions(WatchSessionsRequest { tenant_id: large, ..Default::default() }).await {
                Ok(answer) => answer.into_inner().message().await.map(|first| first.map_or(0, |m| m.encoded_len())),
                Err(status) => Err(status),
            }
        }
        _ => return None,
    })
}
