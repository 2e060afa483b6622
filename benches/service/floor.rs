//! The floor: a server that decides and stores nothing, for comparison. It is tonic's own server with the same
//! messages, and with answers of the same size, made from the request.

use std::io::Write;

use tonic::{Request, Response, Status};
use usher::proto::v1::seat_service_server::{SeatService, SeatServiceServer};
use usher::proto::v1::{self, check_out_response, heartbeat_response};

/// A check-out for a device of this name is denied, as by a full pool.
pub const DENIED: &str = "denied";
const SESSION: &str = "6f2c1e0a-4a55-4c2b-9d6e-1b7a3c5d7e9f";

struct NoOp;

/// Serves on a free port of the loopback interface and prints the address; ends when standard input ends.
pub async fn serve() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    println!("{}", listener.local_addr().expect("an address"));
    std::io::stdout().flush().expect("standard output");
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    let parent_gone = async {
        let _ = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await;
    };
    let server = tonic::transport::Server::builder().add_service(SeatServiceServer::new(NoOp));
    server.serve_with_incoming_shutdown(incoming, parent_gone).await.expect("the floor serves");
}

fn seconds(seconds: i64) -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds, nanos: 0 })
}

/// Returns a lease with values like Usher's, so that answers have the same size.
fn lease() -> v1::Lease {
    v1::Lease {
        session_id: SESSION.into(),
        tenant_id: String::new(),
        pool_id: "primary".into(),
        user_id: "user000000@example.com".into(),
        device_id: "laptop".into(),
        organization_id: String::new(),
        started_at: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 123_000_000 }),
        ttl: seconds(600),
        heartbeat_interval: seconds(200),
        remaining: Some(prost_types::Duration { seconds: 35_999, nanos: 999_000_000 }),
        renewed: false,
        idle_timeout: None,
    }
}

fn usage(pool: &str, limit: u64) -> v1::PoolUsage {
    v1::PoolUsage {
        pool_id: pool.into(),
        plan: v1::Plan::Concurrent.into(),
        limit,
        in_use: 1,
        active: 1,
        granted: 33,
        ..v1::PoolUsage::default()
    }
}

#[tonic::async_trait]
impl SeatService for NoOp {
    async fn check_out(&self, request: Request<v1::CheckOutRequest>) -> Result<Response<v1::CheckOutResponse>, Status> {
        let request = request.into_inner();
        let mut pool = usage("full", 1);
        let outcome = if request.device_id == DENIED {
            check_out_response::Outcome::Denial(v1::Denial {
                reason: v1::DenialReason::SeatsExhausted.into(),
                message: "All seats of \"full\" are in use (1 of 1). Try again later, or contact your administrator."
                    .into(),
                retry_after: seconds(600),
                own_sessions: Vec::new(),
                own_session_count: 0,
                alternatives: Vec::new(),
            })
        } else {
            pool = usage("primary", 10_000_000);
            let v1::CheckOutRequest { tenant_id, pool_id, user_id, device_id, .. } = request;
            check_out_response::Outcome::Lease(v1::Lease { tenant_id, pool_id, user_id, device_id, ..lease() })
        };
        let answer = v1::CheckOutResponse { outcome: Some(outcome), usage: Some(pool), notices: Vec::new() };
        Ok(Response::new(answer))
    }

    async fn check_in(&self, request: Request<v1::CheckInRequest>) -> Result<Response<v1::CheckInResponse>, Status> {
        drop(request.into_inner());
        let end_reason = v1::SessionEndReason::CheckedIn.into();
        Ok(Response::new(v1::CheckInResponse { ended_now: true, end_reason }))
    }

    async fn heartbeat(
        &self,
        request: Request<v1::HeartbeatRequest>,
    ) -> Result<Response<v1::HeartbeatResponse>, Status> {
        let v1::HeartbeatRequest { tenant_id, session_id, .. } = request.into_inner();
        let lease = v1::Lease { tenant_id, session_id, renewed: true, ..lease() };
        Ok(Response::new(v1::HeartbeatResponse { outcome: Some(heartbeat_response::Outcome::Lease(lease)) }))
    }

    async fn batch_heartbeat(
        &self,
        _: Request<v1::BatchHeartbeatRequest>,
    ) -> Result<Response<v1::BatchHeartbeatResponse>, Status> {
        Err(Status::unimplemented("not measured"))
    }

    async fn grant_seat(&self, _: Request<v1::GrantSeatRequest>) -> Result<Response<v1::GrantSeatResponse>, Status> {
        Err(Status::unimplemented("not measured"))
    }

    async fn revoke_seat(&self, _: Request<v1::RevokeSeatRequest>) -> Result<Response<v1::RevokeSeatResponse>, Status> {
        Err(Status::unimplemented("not measured"))
    }

    async fn batch_grant_seats(
        &self,
        _: Request<v1::BatchGrantSeatsRequest>,
    ) -> Result<Response<v1::BatchGrantSeatsResponse>, Status> {
        Err(Status::unimplemented("not measured"))
    }

    async fn batch_revoke_seats(
        &self,
        _: Request<v1::BatchRevokeSeatsRequest>,
    ) -> Result<Response<v1::BatchRevokeSeatsResponse>, Status> {
        Err(Status::unimplemented("not measured"))
    }
}
