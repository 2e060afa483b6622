//! Seats: check-out, heartbeat, check-in, grant and revocation.

use prost::Message;
use usher::proto::v1::seat_service_client::SeatServiceClient;
use usher::proto::v1::*;

use super::Called;
use crate::world::{LARGE, ORGANIZATIONS, POOLS, WIDE, World, organization, pool, user, wide_user};

/// Items of a batch of heartbeats. Batches of grants and revocations have a tenth as many users.
const BATCH: usize = 1_000;

pub async fn call(world: &World, name: &str) -> Option<Called> {
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
