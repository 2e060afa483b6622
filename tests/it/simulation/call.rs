//! A call of a client: what it asked of which process, and how it ended.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use usher::ids::{DeviceId, EventNo, PoolId, TenantId, UserId};
use usher::journal::{Journal, JournalError};
use usher::ledger::change::Actor;
use usher::ledger::command::{Asks, Command, Found, Outcome, Query, Reply};

/// What can be asked, and is asked again when the outcome stays unknown.
#[derive(Debug, Clone)]
pub enum Asked {
    Command(Command),
    Query(Query),
}

#[derive(Debug, PartialEq)]
pub enum Answer {
    Outcome(Outcome),
    Found(Found),
}

pub type Answered = Result<Answer, JournalError>;

type Answering = Pin<Box<dyn Future<Output = Answered>>>;

/// Who is signed in where: a check-out with these renews a session of these (R16).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Login {
    pub tenant: TenantId,
    pub user: UserId,
    pub pool: PoolId,
    pub device: DeviceId,
}

pub struct Call {
    pub no: usize,
    pub process: usize,
    pub tenant: TenantId,
    pub asked: Asked,
    /// With somebody else's session.
    pub stray: bool,
    answer: Answering,
    /// When it was asked, in milliseconds of the simulation, and on the monotonic clock of the process.
    pub started: u64,
    pub started_there: u64,
    /// What was durable by then: whoever answers must know it (I8).
    pub known: EventNo,
    /// Logins whose lease it may extend.
    pub renews: Vec<Login>,
    /// For each session of a heartbeat, until when on the clock of the process it is held at most, as known at the start.
    pub held_until: Vec<Option<u64>>,
    pub attempts: usize,
}

/// A call in the making.
pub struct Opening {
    pub no: usize,
    pub process: usize,
    pub tenant: TenantId,
    pub asked: Asked,
    pub stray: bool,
    pub attempts: usize,
}

impl Call {
    pub fn open(opening: Opening, journal: Arc<Journal>) -> Self {
        let Opening { no, process, tenant, asked, stray, attempts } = opening;
        let answer = ask(journal, tenant.clone(), asked.clone());
        Self {
            no,
            process,
            tenant,
            asked,
            stray,
            answer,
            started: 0,
            started_there: 0,
            known: EventNo(0),
            renews: Vec::new(),
            held_until: Vec::new(),
            attempts,
        }
    }

    /// Sends it, or hears its answer.
    pub fn poll(&mut self) -> Option<Answered> {
        match self.answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answered) => Some(answered),
            Poll::Pending => None,
        }
    }
}

fn ask(journal: Arc<Journal>, tenant: TenantId, asked: Asked) -> Answering {
    let query = |found: Found| Answer::Found(found);
    match asked {
        Asked::Query(Query::GetUsage(ask)) => read(journal, tenant, ask, move |it| query(Found::GetUsage(it))),
        Asked::Query(Query::ListSessions(ask)) => read(journal, tenant, ask, move |it| query(Found::ListSessions(it))),
        Asked::Query(other) => panic!("no client asks {other:?}"),
        Asked::Command(Command::CheckOut(ask)) => submit(journal, tenant, ask, Outcome::CheckOut),
        Asked::Command(Command::CheckIn(ask)) => submit(journal, tenant, ask, Outcome::CheckIn),
        Asked::Command(Command::Heartbeat(ask)) => submit(journal, tenant, ask, Outcome::Heartbeat),
        Asked::Command(Command::GrantSeats(ask)) => submit(journal, tenant, ask, Outcome::GrantSeats),
        Asked::Command(Command::RevokeSeats(ask)) => submit(journal, tenant, ask, Outcome::RevokeSeats),
        Asked::Command(Command::BlockUser(ask)) => submit(journal, tenant, ask, Outcome::BlockUser),
        Asked::Command(Command::UnblockUser(ask)) => submit(journal, tenant, ask, Outcome::UnblockUser),
        Asked::Command(Command::DeleteUser(ask)) => submit(journal, tenant, ask, Outcome::DeleteUser),
        Asked::Command(Command::RenameUser(ask)) => submit(journal, tenant, ask, Outcome::RenameUser),
        Asked::Command(Command::CreateUser(ask)) => submit(journal, tenant, ask, Outcome::CreateUser),
        Asked::Command(Command::CreateTenant(ask)) => submit(journal, tenant, ask, Outcome::CreateTenant),
        Asked::Command(Command::UpdateTenant(ask)) => submit(journal, tenant, ask, Outcome::UpdateTenant),
        Asked::Command(Command::CloseSession(ask)) => submit(journal, tenant, ask, Outcome::CloseSession),
        Asked::Command(Command::CloseIdle(ask)) => submit(journal, tenant, ask, Outcome::CloseIdle),
        Asked::Command(Command::InstallLicense(ask)) => submit(journal, tenant, ask, Outcome::InstallLicense),
        Asked::Command(Command::DeleteLicense(ask)) => submit(journal, tenant, ask, Outcome::DeleteLicense),
        Asked::Command(Command::RevokeLicense(ask)) => submit(journal, tenant, ask, Outcome::RevokeLicense),
        Asked::Command(other) => panic!("no client asks {other:?}"),
    }
}

fn submit<C>(journal: Arc<Journal>, tenant: TenantId, ask: C, wrap: fn(C::Answer) -> Outcome) -> Answering
where
    C: Asks<Kind = Command> + 'static,
    C::Answer: 'static,
    Outcome: Reply<C>,
{
    Box::pin(async move {
        let actor = Actor("client".into());
        journal.submit(&actor, &tenant, ask).await.map(|answer| Answer::Outcome(wrap(answer)))
    })
}

fn read<Q>(journal: Arc<Journal>, tenant: TenantId, ask: Q, wrap: impl Fn(Q::Answer) -> Answer + 'static) -> Answering
where
    Q: Asks<Kind = Query> + 'static,
    Q::Answer: 'static,
    Found: Reply<Q>,
{
    Box::pin(async move { journal.ask(&tenant, ask).await.map(wrap) })
}
