//! How a node answers a call: itself, or through the node that has the shard, by the rules of the server (C8).

use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use tokio::time::Instant;
use usher::cluster::{KnownOwner, Node, Owners};
use usher::ids::{NodeId, SessionId, ShardId, TenantId};
use usher::journal::{Journal, JournalError};
use usher::ledger::command::{Command, GetTenant};
use usher::ledger::policy::WhenAlreadySignedIn;
use usher::ownership::{Locator, Ownership, Place};
use usher::server::{Itinerary, Location, MAX_WAIT, Routing};
use usher::shards::LocalShards;

use super::call::{Answer, CallRequest, ask};
use super::network::{Post, Reply};
use super::test_data;

/// A call at a node, from a client or from a peer.
#[derive(Debug, Clone)]
pub struct Visit {
    /// Number of the client's call.
    pub call: usize,
    pub tenant: TenantId,
    pub request: CallRequest,
    pub is_repeated: bool,
    /// The nodes that had it before; none: it comes from a client.
    pub visited: Vec<NodeId>,
    /// The node to which a peer sent it. Its process may have another id by the time at which it arrives.
    pub sent_to: Option<NodeId>,
    /// As long as there is another holder than the client, the call may be carried out.
    pub _ticket: Arc<()>,
}

/// Why a call has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Journal(JournalError),
    /// It may have been carried out, and must not be carried out twice.
    Unknown,
}

impl Refusal {
    /// The mark by which another node may be asked.
    pub fn routing(self) -> Option<Routing> {
        match self {
            Refusal::Journal(JournalError::NotApplied(shard)) => Some(Routing::NotApplied(shard)),
            Refusal::Journal(JournalError::OutcomeUnknown(shard)) => Some(Routing::Unknown(shard)),
            Refusal::Journal(JournalError::NoLease(shard)) => Some(Routing::NoLease(shard)),
            _ => None,
        }
    }
}

/// What a node answers.
#[derive(Debug)]
pub struct Response {
    /// The process that gave the answer.
    pub by: usize,
    pub answer: Result<Answer, Refusal>,
    /// Where the shard is, for a peer whose call was not applied.
    pub hint: Option<(ShardId, KnownOwner)>,
}

/// One time that a node carries a call out.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // Few exist at a time.
pub enum Note {
    Begins {
        attempt: u64,
        call: usize,
        process: usize,
        request: CallRequest,
        /// For a check-out: the session of this attempt, and the one of the client's request.
        fresh: Option<(SessionId, SessionId)>,
    },
    Ends {
        attempt: u64,
        process: usize,
        tenant: TenantId,
        refusal: Option<JournalError>,
    },
}

/// What all nodes of a run note, and the numbers that they draw.
#[derive(Clone, Default)]
pub struct CallLog(Arc<Mutex<CallLogState>>);

#[derive(Default)]
struct CallLogState {
    notes: Vec<Note>,
    attempts: u64,
    sessions: u64,
}

impl CallLog {
    pub fn take(&self) -> Vec<Note> {
        std::mem::take(&mut self.0.lock().expect("one thread").notes)
    }

    pub fn fresh_session(&self) -> SessionId {
        let mut state = self.0.lock().expect("one thread");
        state.sessions += 1;
        test_data::session(state.sessions)
    }

    fn begins(&self, process: usize, visit: &Visit, fresh: Option<(SessionId, SessionId)>) -> u64 {
        let mut state = self.0.lock().expect("one thread");
        state.attempts += 1;
        let (attempt, call, request) = (state.attempts, visit.call, visit.request.clone());
        state.notes.push(Note::Begins { attempt, call, process, request, fresh });
        attempt
    }

    fn ends(&self, attempt: u64, process: usize, visit: &Visit, refusal: Option<JournalError>) {
        let tenant = visit.tenant.clone();
        self.0.lock().expect("one thread").notes.push(Note::Ends { attempt, process, tenant, refusal });
    }
}

/// Returns whether a call may be carried out again, as the contract of its method says.
pub fn is_repeatable(request: &CallRequest) -> bool {
    match request {
        CallRequest::Query(_) | CallRequest::Tokens(_) => true,
        CallRequest::Command(command) => matches!(
            command,
            Command::CheckOut(_)
                | Command::CheckIn(_)
                | Command::Heartbeat(_)
                | Command::GrantSeats(_)
                | Command::RevokeSeats(_)
                | Command::BlockUser(_)
                | Command::UnblockUser(_)
                | Command::CloseSession(_)
        ),
    }
}

/// The part of a node that takes calls.
pub struct Front {
    pub no: usize,
    pub journal: Arc<Journal>,
    pub node: Arc<Node>,
    pub owners: Arc<Owners>,
    pub ownership: Arc<Ownership>,
    pub locator: Locator,
    /// The same journal, and this node's copy of the API tokens.
    pub local: LocalShards,
    pub post: Post,
    pub call_log: CallLog,
    /// Number of open calls of clients.
    pub open: watch::Sender<usize>,
}

/// A call of a client is open.
pub struct Open(Arc<Front>);

impl Open {
    pub fn new(front: &Arc<Front>) -> Self {
        front.open.send_modify(|open| *open += 1);
        Self(Arc::clone(front))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
    }
}

impl Front {
    /// Answers a call.
    pub async fn answer(self: Arc<Self>, visit: Visit) -> Response {
        let mut response = self.here(&visit, visit.is_repeated).await;
        let Some(mut why) = routing(&response).filter(|_| self.ownership.has_peers()) else {
            return self.hinted(response);
        };
        let until = Instant::now() + MAX_WAIT;
        let mut itinerary = Itinerary::new(visit.visited.clone(), is_repeatable(&visit.request), visit.is_repeated);
        loop {
            let is_over = !itinerary.refused(why);
            if let Routing::Unknown(shard) = why {
                response.answer = Err(Refusal::Journal(JournalError::OutcomeUnknown(shard)));
            }
            if is_over {
                break;
            }
            let Ok(place) = self.locator.locate(why.shard(), itinerary.tried(), until).await else { break };
            let to = match place {
                Place::Here(owner) => Location::Here(owner),
                Place::There { owner, via } => Location::At { owner, via },
            };
            if !itinerary.goes(&to) {
                break;
            }
            let next = match to {
                Location::Here(_) => Some(self.here(&visit, itinerary.is_repeated()).await),
                Location::At { via, .. } => self.there(via, &visit, &itinerary).await,
            };
            why = match next {
                None => Routing::Unknown(why.shard()),
                Some(next) => match routing(&next) {
                    None => return next,
                    Some(refused) => refused,
                },
            };
        }
        self.hinted(response)
    }

    fn hinted(&self, response: Response) -> Response {
        let not_applied = |refusal: &Refusal| match refusal.routing() {
            Some(Routing::NotApplied(shard)) => Some((shard, self.owners.of(shard))),
            _ => None,
        };
        Response { hint: response.answer.as_ref().err().and_then(not_applied), ..response }
    }

    /// This node, if it has joined.
    pub fn me(&self) -> Option<NodeId> {
        self.node.views().borrow().me.map(|me| me.id)
    }

    /// Sends the call to a peer. `None`: its outcome is not known.
    async fn there(&self, via: NodeId, visit: &Visit, itinerary: &Itinerary) -> Option<Response> {
        let shard = visit.tenant.shard(self.journal.shards());
        let me = self.me();
        let visited = itinerary.visited().iter().copied().chain(me).collect();
        let visit = Visit { is_repeated: itinerary.is_repeated(), visited, sent_to: Some(via), ..visit.clone() };
        match self.post.forward(via, visit).await? {
            Reply::NotSent => {
                self.locator.not_reached(via);
                Some(Response {
                    by: self.no,
                    answer: Err(Refusal::Journal(JournalError::NotApplied(shard))),
                    hint: None,
                })
            }
            Reply::Answered(response) => {
                if let Some((shard, known)) = response.hint {
                    self.locator.refused(shard, via, known);
                }
                Some(*response)
            }
        }
    }

    /// Carries the call out here.
    async fn here(&self, visit: &Visit, is_repeated: bool) -> Response {
        let response = |answer| Response { by: self.no, answer, hint: None };
        if let CallRequest::Tokens(known) = visit.request {
            let tokens = self.local.tokens_since(known).await;
            return response(tokens.map(Answer::Tokens).map_err(Refusal::Journal));
        }
        let mut request = visit.request.clone();
        let mut fresh = None;
        if let CallRequest::Command(Command::CheckOut(command)) = &mut request {
            if is_repeated {
                match self.takes_over(&visit.tenant).await {
                    Ok(false) => {}
                    Ok(true) => return response(Err(Refusal::Unknown)),
                    Err(error) => return response(Err(Refusal::Journal(error))),
                }
            }
            let session = self.call_log.fresh_session();
            fresh = Some((session, std::mem::replace(&mut command.fresh, session)));
        }
        let attempt = self.call_log.begins(self.no, visit, fresh);
        let answer = ask(Arc::clone(&self.journal), visit.tenant.clone(), request).await;
        self.call_log.ends(attempt, self.no, visit, answer.as_ref().err().copied());
        response(answer.map_err(Refusal::Journal))
    }

    async fn takes_over(&self, tenant: &TenantId) -> Result<bool, JournalError> {
        let tenant = self.journal.query(tenant, GetTenant).await?;
        Ok(tenant.is_ok_and(|tenant| tenant.policy.when_already_signed_in == WhenAlreadySignedIn::TakeOver))
    }
}

fn routing(response: &Response) -> Option<Routing> {
    response.answer.as_ref().err().and_then(|refusal| refusal.routing())
}
