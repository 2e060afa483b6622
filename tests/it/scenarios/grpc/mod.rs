//! The interpreter over gRPC: each step is a call of a running server, whose clock moves when the scenario says so.
//! Answers are read back into the types of the ledger, so that both interpreters speak of them in the same words.

mod commands;
mod directory;
mod documents;
mod lists;
mod queries;
mod refusals;
mod test_server;
mod views;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::runtime::Runtime;
use tonic::{Response, Status};
use usher::ids::TenantId;
use usher::ledger::command::{Command, CreateTenant, Outcome, Query, QueryResult};
use usher::ledger::outcome::Done;
use usher::ledger::time::{Moment, Tick, WallTime};

use super::language::Line;
use super::language::steps::{Directory, START, Verb};
use super::runner::{self, Happened, Interpreter, Scene};
use crate::conformance::Backend;
use crate::support::memory::Memory;
use test_server::TestServer;

/// Servers that no scenario uses at the moment. Starting one takes longer than most scenarios.
static IDLE: Mutex<Vec<TestServer>> = Mutex::new(Vec::new());

/// Runs a scenario in a tenant of its own, on a server that other scenarios have used before.
///
/// # Errors
/// The first line that does not hold, its expectation, and what happened.
pub fn judge(lines: &[Line]) -> Result<(), String> {
    let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let server = idle.unwrap_or_else(|| runtime().block_on(TestServer::start(Arc::new(Memory::default()))));
    let mut caller = Caller::new(server);
    let held = runner::run(&mut caller, lines);
    IDLE.lock().unwrap_or_else(PoisonError::into_inner).push(caller.server);
    held
}

/// Runs a scenario on a server of its own with this store.
///
/// # Errors
/// The first line that does not hold, its expectation, and what happened.
pub fn judge_on(backend: impl Future<Output = Backend>, lines: &[Line]) -> Result<(), String> {
    let backend = runtime().block_on(backend);
    let server = runtime().block_on(async { TestServer::start(Arc::from(backend.open().await)).await });
    let mut caller = Caller::new(server);
    let held = runner::run(&mut caller, lines);
    runtime().block_on(caller.server.close());
    held
}

/// The threads on which all servers run; the servers outlive the tests that start them.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().expect("threads"))
}

/// Calls a server in the name of one scenario.
struct Caller {
    server: TestServer,
    /// The scenario's number, and the time at which it began: its tenants are its own, and its dates.
    number: u64,
    began: WallTime,
}

impl Caller {
    fn new(server: TestServer) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        // Documents have dates in whole seconds, and a scenario's dates are relative to its beginning.
        let begun = u64::try_from(server.now().0 % 1_000).expect("a time after 1970");
        server.pass(Duration::from_millis((1_000 - begun) % 1_000));
        let mut caller = Self { number: NUMBER.fetch_add(1, Ordering::Relaxed), began: server.now(), server };
        let acme = CreateTenant { display_name: "acme".into(), contact: "".into(), policy: Default::default() };
        let made = caller.submit(&Scene::default().tenant, acme.into());
        assert!(matches!(made, Ok(Outcome::CreateTenant(Ok(_)))), "{made:?}");
        caller
    }

    /// The id on this server of a scenario's tenant.
    fn tenant_id(&self, tenant: &TenantId) -> String {
        format!("{tenant}-{}", self.number)
    }

    /// A date of a scenario on this server.
    fn date(&self, date: WallTime) -> WallTime {
        WallTime(date.0 - START.0 + self.began.0)
    }
}

/// Waits for the answer of a call.
fn call<T>(answer: impl Future<Output = Result<Response<T>, Status>>) -> Done<T> {
    runtime().block_on(answer).map(Response::into_inner).map_err(|status| refusals::refusal(&status))
}

impl Interpreter for Caller {
    type Own = Directory;

    fn own(verb: &Verb) -> Option<&Directory> {
        if let Verb::Directory(own) = verb { Some(own) } else { None }
    }

    fn now(&self) -> Moment {
        Moment::new(Tick(0), self.server.now())
    }

    fn pass(&mut self, time: Duration) {
        self.server.pass(time);
    }

    fn sweep(&mut self) -> Result<(), String> {
        self.server.sweep();
        Ok(())
    }

    fn submit(&mut self, tenant: &TenantId, command: Command) -> Result<Outcome, String> {
        self.command(tenant, command)
    }

    fn query(&mut self, tenant: &TenantId, query: Query) -> Result<QueryResult, String> {
        self.read(tenant, query)
    }

    fn run_own(&mut self, scene: &mut Scene, step: &Directory) -> Result<Happened, String> {
        self.sync(&scene.tenant, step)
    }

    fn verify(&mut self) -> Result<(), String> {
        Ok(())
    }
}
