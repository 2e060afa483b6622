//! A client's call: its request, the process that it goes to, and its end.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::task::JoinHandle;
use usher::auth::{TokenEdition, TokenUpdate};
use usher::ids::{DeviceId, EventNo, TenantId, UserId};
use usher::journal::{Journal, JournalError};
use usher::ledger::change::Actor;
use usher::ledger::command::{Command, Operation, Outcome, Query, QueryResult, Reply};

use super::node_call::{Response, Visit};
use super::process::Process;

/// A request, which a client repeats as long as the outcome is unknown.
#[derive(Debug, Clone)]
pub enum CallRequest {
    Command(Command),
    Query(Query),
    /// One node asks another for the API tokens that differ from those of an edition.
    Tokens(TokenEdition),
}

#[derive(Debug, PartialEq)]
pub enum Answer {
    Outcome(Outcome),
    QueryResult(QueryResult),
    Tokens(TokenUpdate),
}

pub type Answered = Result<Answer, JournalError>;

type Answering = Pin<Box<dyn Future<Output = Answered> + Send>>;

/// Whose sessions a check-out may renew (R16): those of this device, in whichever of its pools they are (R38).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Login {
    pub tenant: TenantId,
    pub user: UserId,
    pub device: DeviceId,
}

/// A call of a client that has no answer yet.
pub struct Call {
    pub no: usize,
    /// The process that the client calls; any process may give the answer.
    pub process: usize,
    pub tenant: TenantId,
    pub request: CallRequest,
    /// True if the call has a session of another tenant.
    pub stray: bool,
    /// As long as there is another holder, the call may be carried out.
    pub ticket: Arc<()>,
    response: JoinHandle<Response>,
    /// Start of the call, in milliseconds: of the simulation, and (`started_there`) on the monotonic clock of each
    /// process.
    pub started: u64,
    pub started_there: BTreeMap<usize, u64>,
    /// The last durable event at the start of the call. Every process must answer at least by that state (I8).
    pub known: EventNo,
    /// Logins whose lease the call may extend.
    pub renews: Vec<Login>,
    /// For each session of a heartbeat, the latest end of its lease on the clock of each process, as known at the start.
    pub held_until: Vec<BTreeMap<usize, u64>>,
    pub attempts: usize,
}

/// The parameters of a call.
pub struct Opening {
    pub no: usize,
    pub process: usize,
    pub tenant: TenantId,
    pub request: CallRequest,
    pub stray: bool,
    pub attempts: usize,
}

impl Call {
    pub fn open(opening: Opening, process: &Process) -> Self {
        let Opening { no, process: to, tenant, request, stray, attempts } = opening;
        let ticket = Arc::new(());
        let response = process.call(Visit {
            call: no,
            tenant: tenant.clone(),
            request: request.clone(),
            is_repeated: false,
            visited: Vec::new(),
            sent_to: None,
            _ticket: Arc::clone(&ticket),
        });
        Self {
            no,
            process: to,
            tenant,
            request,
            stray,
            ticket,
            response,
            started: 0,
            started_there: BTreeMap::new(),
            known: EventNo(0),
            renews: Vec::new(),
            held_until: Vec::new(),
            attempts,
        }
    }

    /// Returns the answer when it is there.
    pub fn poll(&mut self) -> Option<Response> {
        poll(&mut self.response)
    }

    /// The client goes away, and its node notices it.
    pub fn abort(&self) {
        self.response.abort();
    }

    /// Start of the call on the clock of a process; it may have started later.
    pub fn started_at(&self, process: usize) -> u64 {
        self.started_there.get(&process).copied().unwrap_or_default()
    }

    /// Returns whether the call may still be carried out, although nobody waits for it.
    pub fn goes_on(&self) -> bool {
        Arc::strong_count(&self.ticket) > 1
    }
}

/// The result of a task, when it is there.
pub fn poll<T>(task: &mut JoinHandle<T>) -> Option<T> {
    match Pin::new(task).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Some(done.expect("no node panics")),
        Poll::Pending => None,
    }
}

/// Has a journal answer a call.
pub fn ask(journal: Arc<Journal>, tenant: TenantId, request: CallRequest) -> Answering {
    let query = |found: QueryResult| Answer::QueryResult(found);
    match request {
        CallRequest::Query(Query::GetUsage(command)) => {
            read(journal, tenant, command, move |it| query(QueryResult::GetUsage(it)))
        }
        CallRequest::Query(Query::ListSessions(command)) => {
            read(journal, tenant, command, move |it| query(QueryResult::ListSessions(it)))
        }
        CallRequest::Query(other) => panic!("no client asks {other:?}"),
        CallRequest::Command(Command::CheckOut(command)) => submit(journal, tenant, command, Outcome::CheckOut),
        CallRequest::Command(Command::CheckIn(command)) => submit(journal, tenant, command, Outcome::CheckIn),
        CallRequest::Command(Command::Heartbeat(command)) => submit(journal, tenant, command, Outcome::Heartbeat),
        CallRequest::Command(Command::GrantSeats(command)) => submit(journal, tenant, command, Outcome::GrantSeats),
        CallRequest::Command(Command::RevokeSeats(command)) => submit(journal, tenant, command, Outcome::RevokeSeats),
        CallRequest::Command(Command::BlockUser(command)) => submit(journal, tenant, command, Outcome::BlockUser),
        CallRequest::Command(Command::UnblockUser(command)) => submit(journal, tenant, command, Outcome::UnblockUser),
        CallRequest::Command(Command::DeleteUser(command)) => submit(journal, tenant, command, Outcome::DeleteUser),
        CallRequest::Command(Command::RenameUser(command)) => submit(journal, tenant, command, Outcome::RenameUser),
        CallRequest::Command(Command::CreateUser(command)) => submit(journal, tenant, command, Outcome::CreateUser),
        CallRequest::Command(Command::CreateTenant(command)) => submit(journal, tenant, command, Outcome::CreateTenant),
        CallRequest::Command(Command::UpdateTenant(command)) => submit(journal, tenant, command, Outcome::UpdateTenant),
        CallRequest::Command(Command::CloseSession(command)) => submit(journal, tenant, command, Outcome::CloseSession),
        CallRequest::Command(Command::CloseIdle(command)) => submit(journal, tenant, command, Outcome::CloseIdle),
        CallRequest::Command(Command::InstallLicense(command)) => {
            submit(journal, tenant, command, Outcome::InstallLicense)
        }
        CallRequest::Command(Command::DeleteLicense(command)) => {
            submit(journal, tenant, command, Outcome::DeleteLicense)
        }
        CallRequest::Command(Command::CreateToken(command)) => submit(journal, tenant, command, Outcome::CreateToken),
        CallRequest::Command(Command::RevokeToken(command)) => submit(journal, tenant, command, Outcome::RevokeToken),
        CallRequest::Command(Command::RevokeLicense(command)) => {
            submit(journal, tenant, command, Outcome::RevokeLicense)
        }
        CallRequest::Command(other) => panic!("no client asks {other:?}"),
        CallRequest::Tokens(_) => panic!("no client asks for the tokens"),
    }
}

fn submit<C>(journal: Arc<Journal>, tenant: TenantId, command: C, wrap: fn(C::Answer) -> Outcome) -> Answering
where
    C: Operation<Kind = Command> + Send + 'static,
    C::Answer: Send + 'static,
    Outcome: Reply<C>,
{
    Box::pin(async move {
        let actor = Actor("client".into());
        journal.submit(&actor, &tenant, command).await.map(|answer| Answer::Outcome(wrap(answer)))
    })
}

fn read<Q>(
    journal: Arc<Journal>,
    tenant: TenantId,
    command: Q,
    wrap: impl Fn(Q::Answer) -> Answer + Send + 'static,
) -> Answering
where
    Q: Operation<Kind = Query> + Send + 'static,
    Q::Answer: Send + 'static,
    QueryResult: Reply<Q>,
{
    Box::pin(async move { journal.query(&tenant, command).await.map(wrap) })
}
