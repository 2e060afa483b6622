//! Sends the calls of a client, and reads their answers as the history notes them.

use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use usher::proto::v1::check_out_response::Outcome as CheckedOut;
use usher::proto::v1::grant_seat_response::Outcome as Granted;
use usher::proto::v1::heartbeat_response::Outcome as HeartbeatOutcome;
use usher::proto::v1::seat_service_client::SeatServiceClient;
use usher::proto::v1::{CheckInRequest, CheckOutRequest, GrantSeatRequest, HeartbeatRequest, RevokeSeatRequest};

use super::recount::{denial, end_reason};
use super::{Answer, Name, Operation, Who};

/// Sends one call. An RPC error is no answer.
pub async fn send(mut service: SeatServiceClient<Channel>, who: &Who, operation: &Operation) -> Result<Answer, Status> {
    let (tenant_id, pool_id, user_id) = (who.tenant.to_string(), who.pool.to_string(), who.user.to_string());
    let no_outcome = || Answer::Odd(format!("{operation:?}: neither yes nor no"));
    match operation {
        Operation::CheckOut { device } => {
            let device_id = device.to_string();
            let operation = CheckOutRequest { tenant_id, pool_id, user_id, device_id, ..Default::default() };
            Ok(match service.check_out(operation.clone()).await?.into_inner().outcome {
                Some(CheckedOut::Lease(lease)) => {
                    let of = (&lease.tenant_id, &lease.pool_id, &lease.user_id, &lease.device_id);
                    if of != (&operation.tenant_id, &operation.pool_id, &operation.user_id, &operation.device_id)
                        || lease.session_id.is_empty()
                    {
                        return Ok(Answer::Odd(format!("asked {operation:?}, got {lease:?}")));
                    }
                    Answer::Lease { session: plain(&lease.session_id), renewed: lease.renewed }
                }
                Some(CheckedOut::Denial(no)) => Answer::Denied(denial(no.reason.into())),
                None => no_outcome(),
            })
        }
        Operation::CheckIn { session } => {
            let operation = CheckInRequest { tenant_id, session_id: session.to_string() };
            let answer = service.check_in(operation).await?.into_inner();
            Ok(Answer::Ended { now: answer.ended_now, reason: end_reason(answer.end_reason.into()) })
        }
        Operation::Heartbeat { session } => {
            let operation = HeartbeatRequest { tenant_id, session_id: session.to_string(), active: true };
            Ok(match service.heartbeat(operation).await?.into_inner().outcome {
                Some(HeartbeatOutcome::Lease(lease)) if plain(&lease.session_id) == *session => Answer::Kept,
                Some(HeartbeatOutcome::Lease(lease)) => Answer::Odd(format!("asked for {session}, got {lease:?}")),
                Some(HeartbeatOutcome::Ended(ended)) => {
                    Answer::Ended { now: false, reason: end_reason(ended.reason.into()) }
                }
                None => no_outcome(),
            })
        }
        Operation::Grant => {
            let operation = GrantSeatRequest { tenant_id, pool_id, user_id, ..Default::default() };
            Ok(match service.grant_seat(operation).await?.into_inner().outcome {
                Some(Granted::Seat(seat)) if *seat.user_id == *who.user => Answer::Done,
                Some(Granted::Seat(seat)) => Answer::Odd(format!("asked for {who}, got {seat:?}")),
                Some(Granted::Denial(no)) => Answer::Denied(denial(no.reason.into())),
                None => no_outcome(),
            })
        }
        Operation::Revoke => {
            let operation = RevokeSeatRequest { tenant_id, pool_id, user_id, ..Default::default() };
            let left = service.revoke_seat(operation).await?.into_inner().seat;
            Ok(left.map_or(Answer::Done, |seat| Answer::Odd(format!("asked to take all, left {seat:?}"))))
        }
    }
}

/// Returns a session's id as the stores' rows have it, without hyphens.
fn plain(session: &str) -> Name {
    session.replace('-', "").into()
}

/// Returns the reason of an error as a program sees it: the code, and the reason of its details. What a client's own
/// library reports has no details: then its message stands there.
pub fn reason(status: &Status) -> Name {
    let code = match status.code() {
        Code::Unavailable => "UNAVAILABLE".to_owned(),
        code => format!("{code:?}"),
    };
    let reason = status.get_details_error_info().map_or_else(|| status.message().to_owned(), |info| info.reason);
    format!("{code} {reason}").into()
}
