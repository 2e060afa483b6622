//! A client: signs users in and out, sends heartbeats, grants and revokes, and notes its requests and their answers. It
//! repeats a request until there is an answer, wherever the service is by then.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};
use usher::proto::v1::check_out_response::Outcome as CheckedOut;
use usher::proto::v1::grant_seat_response::Outcome as Granted;
use usher::proto::v1::heartbeat_response::Outcome as HeartbeatOutcome;
use usher::proto::v1::seat_service_client::SeatServiceClient;
use usher::proto::v1::{CheckInRequest, CheckOutRequest, GrantSeatRequest, HeartbeatRequest, RevokeSeatRequest};

use super::load::{Pen, ServerAddress};
use super::recount::{denial, end_reason};
use super::{Answer, Call, Name, Operation, Who};
use crate::model::rng::Rng;

/// Longer than any answer takes; after that the client repeats the request.
const DEADLINE: Duration = Duration::from_secs(5);
/// Delay between an error and the next attempt.
const PAUSE: Duration = Duration::from_millis(20);

/// A user as the client knows it. `session` is the session and its device, from its start until its end is reported.
pub struct Person {
    pub who: Who,
    pub named: bool,
    pub session: Option<(Name, Name)>,
    /// The last session whose end was reported.
    pub ended: Option<Name>,
    pub seat: bool,
}

pub struct Client {
    pub endpoint: watch::Receiver<ServerAddress>,
    pub pen: Pen,
    pub rng: Rng,
    pub people: Vec<Person>,
    pub connection: Option<(ServerAddress, SeatServiceClient<Channel>)>,
    pub notes: Arc<Mutex<Vec<Call>>>,
}

impl Client {
    /// Revokes the seats of the users who hold them at first.
    pub async fn free(&mut self, holders: Vec<Person>) {
        let ours = std::mem::replace(&mut self.people, holders);
        for at in 0..self.people.len() {
            self.insist(at, Operation::Revoke).await;
        }
        self.people = ours;
    }

    /// Works until the load is stopped.
    pub async fn run(mut self) {
        for at in 0..self.people.len() {
            self.insist(at, Operation::Grant).await;
        }
        while !self.stopped() {
            let at = self.rng.below(self.people.len() as u64) as usize;
            let operation = self.next_operation(at);
            self.insist(at, operation).await;
        }
    }

    fn stopped(&self) -> bool {
        *self.endpoint.borrow() == ServerAddress::Over
    }

    /// Chooses the next operation for a user.
    fn next_operation(&mut self, at: usize) -> Operation {
        let (rng, person) = (&mut self.rng, &self.people[at]);
        let other = |device: &Name| if &**device == "desk" { "phone" } else { "desk" };
        match (&person.session, &person.ended) {
            _ if person.named && !person.seat => Operation::Grant,
            (Some((session, device)), _) => match rng.below(100) {
                0..30 => Operation::Heartbeat { session: session.clone() },
                30..45 => Operation::CheckOut { device: device.clone() },
                45..55 => Operation::CheckOut { device: other(device).into() },
                _ => Operation::CheckIn { session: session.clone() },
            },
            (None, _) if person.named && rng.percent(40) => Operation::Revoke,
            (None, Some(session)) if rng.percent(10) => Operation::Heartbeat { session: session.clone() },
            (None, Some(session)) if rng.percent(5) => Operation::CheckIn { session: session.clone() },
            (None, _) => Operation::CheckOut { device: rng.word(&["desk", "phone"]).into() },
        }
    }

    /// Repeats an operation until there is an answer.
    async fn insist(&mut self, at: usize, operation: Operation) {
        loop {
            let Some(service) = self.service().await else { return };
            let who = self.people[at].who.clone();
            let note = self.note(&who, &operation);
            let here = self.connection.as_ref().map(|(here, _)| *here);
            let answer = tokio::select! {
                biased;
                answered = tokio::time::timeout(DEADLINE, send(service, &who, &operation)) => match answered {
                    Ok(Ok(answer)) => answer,
                    Ok(Err(status)) => Answer::Unknown(format!("{:?} {}", status.code(), status.message()).into()),
                    Err(_) => Answer::Unknown("no answer in time".into()),
                },
                // A process that went down may have answered before, so the client goes on waiting. It stops when the
                // service is at another address.
                _ = self.endpoint.wait_for(|endpoint| matches!(endpoint, ServerAddress::At(_)) && Some(*endpoint) != here) => {
                    Answer::Unknown("the service is elsewhere".into())
                }
            };
            let unknown = matches!(answer, Answer::Unknown(_));
            self.learn(at, &operation, &answer);
            self.notes.lock().expect("notes")[note].answer = answer;
            if !unknown {
                self.notes.lock().expect("notes")[note].answered = Some(self.pen.now());
                return self.pen.heard();
            }
            let _ = tokio::time::timeout(PAUSE, self.endpoint.changed()).await;
        }
    }

    /// Returns a client of the service at its current address; waits while the service is down. `None`: the load is
    /// over.
    async fn service(&mut self) -> Option<SeatServiceClient<Channel>> {
        let endpoint = *self.endpoint.wait_for(|endpoint| *endpoint != ServerAddress::Unavailable).await.ok()?;
        let ServerAddress::At(address) = endpoint else { return None };
        if !matches!(&self.connection, Some((known, _)) if *known == endpoint) {
            let channel = Endpoint::from_shared(format!("http://{address}")).expect("an address").connect_lazy();
            self.connection = Some((endpoint, SeatServiceClient::new(channel)));
        }
        self.connection.as_ref().map(|(_, service)| service.clone())
    }

    /// Notes a call before it is sent, so that the history has it without an answer. Returns its index.
    fn note(&self, who: &Who, operation: &Operation) -> usize {
        let mut notes = self.notes.lock().expect("notes");
        let answer = Answer::Unknown("asked".into());
        notes.push(Call {
            who: who.clone(),
            operation: operation.clone(),
            called: self.pen.now(),
            answered: None,
            answer,
        });
        notes.len() - 1
    }

    fn learn(&mut self, at: usize, operation: &Operation, answer: &Answer) {
        let person = &mut self.people[at];
        match (operation, answer) {
            (Operation::CheckOut { device }, Answer::Lease { session, .. }) => {
                person.session = Some((session.clone(), device.clone()));
            }
            (Operation::CheckIn { session } | Operation::Heartbeat { session }, Answer::Ended { .. }) => {
                person.session = None;
                person.ended = Some(session.clone());
            }
            (Operation::Grant, Answer::Done) => person.seat = true,
            (Operation::Revoke, Answer::Done) => person.seat = false,
            _ => {}
        }
    }
}

/// Sends one call. An RPC error is no answer.
async fn send(mut service: SeatServiceClient<Channel>, who: &Who, operation: &Operation) -> Result<Answer, Status> {
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
