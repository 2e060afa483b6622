//! A client: signs users in and out, sends heartbeats, grants and revokes, and notes its requests and their answers. It
//! repeats a request until there is an answer, wherever the service is by then; or it gives up, as its plan says.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Interval, timeout};
use tonic::transport::{Channel, Endpoint};
use usher::proto::v1::seat_service_client::SeatServiceClient;

use super::load::{Patience, Pen, Servers};
use super::sending::{reason, send};
use super::{Answer, Call, Name, Operation, Time, Who};
use crate::model::rng::Rng;

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

/// A call that a client gave up.
#[derive(Debug, Clone)]
pub struct Failure {
    pub at: Time,
    pub who: Who,
    pub operation: Operation,
    /// The reason of its last attempt.
    pub reason: Name,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}: {} {:?}: {}", self.at, self.who, self.operation, self.reason)
    }
}

/// What a client has noted.
#[derive(Debug, Default)]
pub struct Notes {
    pub calls: Vec<Call>,
    pub failures: Vec<Failure>,
}

pub struct Client {
    pub servers: watch::Receiver<Servers>,
    pub pen: Pen,
    pub rng: Rng,
    pub people: Vec<Person>,
    pub patience: Patience,
    /// Time that an attempt may take.
    pub deadline: Duration,
    /// Time from one call to the next; `None`: as soon as the former one is answered.
    pub pace: Option<Interval>,
    pub connections: BTreeMap<SocketAddr, SeatServiceClient<Channel>>,
    /// Number of attempts: each goes to the next server.
    pub attempts: usize,
    pub notes: Arc<Mutex<Notes>>,
}

impl Client {
    /// Revokes the seats of the users who hold them at first.
    pub async fn free(&mut self, holders: Vec<Person>) {
        let ours = std::mem::replace(&mut self.people, holders);
        for at in 0..self.people.len() {
            self.ask(at, Operation::Revoke).await;
        }
        self.people = ours;
    }

    /// Works until the load is stopped.
    pub async fn run(mut self) {
        for at in 0..self.people.len() {
            self.ask(at, Operation::Grant).await;
        }
        while !self.stopped() {
            if let Some(pace) = &mut self.pace {
                pace.tick().await;
            }
            let at = self.rng.below(self.people.len() as u64) as usize;
            let operation = self.next_operation(at);
            self.ask(at, operation).await;
        }
    }

    fn stopped(&self) -> bool {
        *self.servers.borrow() == Servers::Over
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

    /// Sends an operation, again and again as far as the client's patience goes.
    async fn ask(&mut self, at: usize, operation: Operation) {
        let mut attempts = 0;
        loop {
            let Some((server, service)) = self.service().await else { return };
            let who = self.people[at].who.clone();
            let note = self.note(&who, &operation);
            let mut failed = Name::from("no answer in time");
            let answer = tokio::select! {
                biased;
                answered = timeout(self.deadline, send(service, &who, &operation)) => match answered {
                    Ok(Ok(answer)) => answer,
                    Ok(Err(status)) => {
                        failed = reason(&status);
                        Answer::Unknown(format!("{:?} {}", status.code(), status.message()).into())
                    }
                    Err(_) => Answer::Unknown(failed.clone()),
                },
                // A process that went down may have answered before, so the client goes on waiting. It stops when the
                // service is at another address.
                () = moved(&mut self.servers, server, self.patience) => Answer::Unknown("the service is elsewhere".into()),
            };
            let unknown = matches!(answer, Answer::Unknown(_));
            self.learn(at, &operation, &answer);
            self.notes.lock().expect("notes").calls[note].answer = answer;
            if !unknown {
                self.notes.lock().expect("notes").calls[note].answered = Some(self.pen.now());
                return self.pen.heard();
            }
            attempts += 1;
            if self.patience == Patience::Attempts(attempts) {
                let failure = Failure { at: self.pen.now(), who, operation, reason: failed };
                return self.notes.lock().expect("notes").failures.push(failure);
            }
            let _ = timeout(PAUSE, self.servers.changed()).await;
        }
    }

    /// Returns the next server, and a client of it; waits while the service is down. `None`: the load is over.
    async fn service(&mut self) -> Option<(SocketAddr, SeatServiceClient<Channel>)> {
        let servers = self.servers.wait_for(|servers| *servers != Servers::Unavailable).await.ok()?.clone();
        let Servers::At(addresses) = servers else { return None };
        let address = addresses[self.attempts % addresses.len()];
        self.attempts += 1;
        self.connections.retain(|known, _| addresses.contains(known));
        let connection = self.connections.entry(address).or_insert_with(|| {
            let channel = Endpoint::from_shared(format!("http://{address}")).expect("an address").connect_lazy();
            SeatServiceClient::new(channel)
        });
        Some((address, connection.clone()))
    }

    /// Notes a call before it is sent, so that the history has it without an answer. Returns its index.
    fn note(&self, who: &Who, operation: &Operation) -> usize {
        let calls = &mut self.notes.lock().expect("notes").calls;
        let answer = Answer::Unknown("asked".into());
        calls.push(Call {
            who: who.clone(),
            operation: operation.clone(),
            called: self.pen.now(),
            answered: None,
            answer,
        });
        calls.len() - 1
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

/// Waits until the service is elsewhere and this server not a part of it. A client that gives up waits for its answer
/// instead: a server that is about to end still answers what it was asked.
async fn moved(servers: &mut watch::Receiver<Servers>, server: SocketAddr, patience: Patience) {
    let elsewhere = |now: &Servers| matches!(now, Servers::At(addresses) if !addresses.contains(&server));
    if patience != Patience::Endless || servers.wait_for(elsewhere).await.is_err() {
        std::future::pending::<()>().await;
    }
}
