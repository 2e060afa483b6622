//! The trials: each starts a server, does the largest permitted work, and measures its effect on the writer.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tonic::Code;
use usher::commands::connection::AuthenticatedChannel;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::{Policy, Tenant, UpdateTenantRequest};

use crate::Arguments;
use crate::calls;
use crate::host::{Host, memory};
use crate::load::median;
use crate::meter::{Steps, metrics};
use crate::methods;
use crate::neighbors::Neighbors;
use crate::seed;
use crate::support::program::Data;
use crate::world::World;

/// Number of measurements with and without the disturbance. On a shared machine about every third is disturbed by
/// others.
const ROUNDS: usize = 9;
/// Pause after a disturbance.
const SETTLED: Duration = Duration::from_millis(100);
/// Tenants of [`seed::tenants`]. The neighbors use all but the first one, which has the large directory, and the last
/// one, [`ENDING`].
const TENANTS: usize = 10;
/// The tenant whose sessions end at once.
const ENDING: &str = "tenant-00009";
/// Errors that are permitted: some calls do not fit the test data, and their cost is measured all the same.
const REFUSED: [Code; 5] =
    [Code::InvalidArgument, Code::NotFound, Code::FailedPrecondition, Code::AlreadyExists, Code::ResourceExhausted];

/// A trial and its results.
pub struct Trial {
    pub work: String,
    /// Milliseconds of the longest step, in the best of the tries.
    pub longest: f64,
    /// Bytes of the answer; and bytes by which the server's memory grew.
    pub answered: usize,
    pub grown: u64,
    pub neighbor: Option<Beside>,
    /// True for the control, which does not involve Usher.
    pub control: bool,
}

/// p99 of a neighbor's check-outs in microseconds: without the disturbance, and beside it.
#[derive(Clone, Copy)]
pub struct Beside {
    without: f64,
    beside: f64,
}

impl Beside {
    pub fn ratio(self) -> f64 {
        self.beside / self.without
    }
}

impl Trial {
    pub fn row(&self) -> String {
        let Self { work, longest, answered, grown, neighbor, .. } = self;
        let neighbor = neighbor.map_or(String::new(), |it| {
            format!("{:.2} ({:.2} ms, {:.2} without)", it.ratio(), it.beside / 1e3, it.without / 1e3)
        });
        format!("| {work} | ≤ {longest} ms | {answered} B | {} KiB | {neighbor} |", grown / 1_024)
    }

    pub fn json(&self) -> Value {
        json!({
            "work": self.work, "longest_ms": self.longest, "answered_bytes": self.answered, "grown_bytes": self.grown,
            "neighbor_p99_ratio": self.neighbor.map(Beside::ratio),
        })
    }
}

struct Server {
    host: Host,
    ops: SocketAddr,
}

impl Server {
    fn start(data: &Data) -> Self {
        let host = Host::usher(data, &["--demo", "--metrics-top-tenants", "100"]);
        let Host::Usher { program, .. } = &host else { unreachable!("an Usher") };
        let ops = program.ops;
        Self { host, ops }
    }

    fn memory(&self) -> u64 {
        memory(self.host.process())
    }
}

/// The caller of the measured methods. It has a thread and a connection of its own, like a real client, so that
/// decoding large answers delays none of the neighbors that are measured in this process.
struct Caller {
    runtime: Runtime,
    world: Arc<World>,
}

impl Caller {
    fn new(server: &Server, folder: &Path, doomed_users: usize) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).on_thread_start(yields).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let lines = tokio::task::block_in_place(|| runtime.block_on(server.host.channels(1)));
        let world = Arc::new(World::new(lines[0].clone(), folder, doomed_users));
        Self { runtime, world }
    }

    /// Calls a method again and again without a pause, until it is aborted.
    fn repeat(&self, method: &str) -> JoinHandle<()> {
        let (world, method) = (Arc::clone(&self.world), method.to_owned());
        self.runtime.spawn(async move {
            loop {
                calls::call(&world, &method).await;
            }
        })
    }
}

/// Gives this thread the lowest priority: it stands for another machine, which takes no processor from the server.
fn yields() {
    rustix::process::nice(19).expect("whoever is slower may be");
}

/// Measures each RPC, and sessions that end at once.
pub async fn calls(arguments: &Arguments) -> Vec<Trial> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = Data::Folder(folder.path());
    seed::tenants(&data, TENANTS).await;
    let server = Server::start(&data);
    let lines = server.host.channels(3).await;
    let caller = Caller::new(&server, folder.path(), arguments.users / 10);
    caller.world.fill(arguments.users).await;
    let mut trials = vec![control(&lines[1..], arguments).await];
    let mut missing = Vec::new();
    for method in methods::all().into_iter().filter(|method| method.contains(&arguments.only)) {
        match try_call(&server, &caller, &lines[1..], &method, arguments).await {
            Some(trial) => trials.push(trial),
            None if methods::varies_in_size(&method) => missing.push(method),
            None => {}
        }
    }
    assert!(missing.is_empty(), "methods without an entry in benches/work/calls.rs: {missing:?}");
    trials.push(ending(&server, &lines, arguments).await);
    caller.runtime.shutdown_background();
    server.host.end();
    trials
}

async fn try_call(
    server: &Server,
    caller: &Caller,
    lines: &[AuthenticatedChannel],
    method: &str,
    arguments: &Arguments,
) -> Option<Trial> {
    let work = method.trim_start_matches("usher.v1.").to_owned();
    let mut trial = Trial { work, longest: f64::INFINITY, answered: 0, grown: 0, neighbor: None, control: false };
    for _ in 0..arguments.tries {
        let (before, memory) = (Steps::read(server.ops), server.memory());
        match calls::call(&caller.world, method).await? {
            Ok(bytes) => trial.answered = trial.answered.max(bytes),
            Err(status) if REFUSED.contains(&status.code()) => eprintln!("{method}: {status}"),
            Err(status) => panic!("{method}: {status}"),
        }
        trial.longest = trial.longest.min(Steps::read(server.ops).longest_since(&before));
        trial.grown = trial.grown.max(server.memory().saturating_sub(memory));
    }
    trial.neighbor = Some(beside_calls(lines, arguments, caller, method).await);
    Some(trial)
}

/// Measures the neighbors while a method is called again and again.
async fn beside_calls(lines: &[AuthenticatedChannel], arguments: &Arguments, caller: &Caller, method: &str) -> Beside {
    let end = async |repeated: JoinHandle<()>| {
        repeated.abort();
        assert!(repeated.await.is_err_and(|end| end.is_cancelled()), "{method} was called until the end");
    };
    beside(lines, arguments, || caller.repeat(method), end).await
}

/// Measures the control: a thread that computes, and does not call Usher. On this machine no call that uses a processor
/// can cost the neighbors less.
async fn control(lines: &[AuthenticatedChannel], arguments: &Arguments) -> Trial {
    let begin = || {
        let over = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        (over, thread)
    };
    let end = async |(over, thread): (Arc<AtomicBool>, std::thread::JoinHandle<()>)| {
        over.store(true, Ordering::Relaxed);
        thread.join().expect("a thread that computes");
    };
    let neighbor = Some(beside(lines, arguments, begin, end).await);
    let work = "nothing of Usher's: a thread that computes".to_owned();
    Trial { work, longest: 0.0, answered: 0, grown: 0, neighbor, control: true }
}

/// Measures the p99 of a neighbor's check-outs with and without a disturbance. Takes medians of alternating
/// measurements, because a shared machine is slower or faster for seconds at a time.
async fn beside<T>(
    lines: &[AuthenticatedChannel],
    arguments: &Arguments,
    begin: impl Fn() -> T,
    end: impl AsyncFn(T),
) -> Beside {
    let mut neighbors = Neighbors::new(lines, TENANTS - 1);
    let (mut calm, mut disturbed) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        calm.push(neighbors.p99(arguments.span()).await);
        let begun = begin();
        disturbed.push(neighbors.p99(arguments.span()).await);
        end(begun).await;
        // Waits for work that the disturbance has begun, so that it is not measured as calm.
        tokio::time::sleep(SETTLED).await;
    }
    Beside { without: median(calm.into_iter()), beside: median(disturbed.into_iter()) }
}

/// Measures neighbors while many sessions reach their longest duration at one moment; takes the median of the tries.
async fn ending(server: &Server, lines: &[AuthenticatedChannel], arguments: &Arguments) -> Trial {
    let (mut longest, mut grown, mut all) = (f64::INFINITY, 0, Vec::new());
    for _ in 0..arguments.tries {
        let memory = server.memory();
        let (beside, step) = end_at_once(server, lines, arguments).await;
        all.push(beside);
        longest = longest.min(step);
        grown = grown.max(server.memory().saturating_sub(memory));
    }
    all.sort_by(|a, b| a.ratio().total_cmp(&b.ratio()));
    Trial {
        work: format!("{} sessions that end at once", arguments.sessions),
        longest,
        answered: 0,
        grown,
        neighbor: all.get(all.len() / 2).copied(),
        control: false,
    }
}

/// Returns the neighbors' latencies, and the milliseconds of the longest step.
async fn end_at_once(server: &Server, lines: &[AuthenticatedChannel], arguments: &Arguments) -> (Beside, f64) {
    set_longest(lines, None).await;
    let callers = (0..256).map(|caller| {
        let (line, sessions) = (lines[caller % lines.len()].clone(), arguments.sessions);
        tokio::spawn(async move {
            for number in (caller..sessions).step_by(256) {
                calls::neighbor(&line, ENDING, number).await;
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.expect("a caller");
    }
    let mut neighbors = Neighbors::new(lines, TENANTS - 1);
    let mut calm = Vec::new();
    for _ in 0..ROUNDS {
        calm.push(neighbors.p99(arguments.span()).await);
    }
    let before = Steps::read(server.ops);
    set_longest(lines, Some(prost_types::Duration { seconds: 1, nanos: 0 })).await;
    let beside = neighbors.p99(Duration::from_secs(3)).await;
    let longest = Steps::read(server.ops).longest_since(&before);
    (Beside { without: median(calm.into_iter()), beside }, longest)
}

/// Sets the longest duration of sessions of [`ENDING`]; `None` restores the default.
async fn set_longest(lines: &[AuthenticatedChannel], max_session: Option<prost_types::Duration>) {
    let policy = Policy { max_session, ..Policy::default() };
    let tenant = Tenant { tenant_id: ENDING.to_owned(), policy: Some(policy), ..Tenant::default() };
    let update_mask = Some(prost_types::FieldMask { paths: vec!["policy.max_session".into()] });
    let request = UpdateTenantRequest { tenant: Some(tenant), update_mask };
    TenantServiceClient::new(lines[0].clone()).update_tenant(request).await.expect("another duration");
}

/// Measures ticks and scrapes with many tenants. Returns also the bytes of memory per tenant.
pub async fn tenants(arguments: &Arguments) -> (Vec<Trial>, f64) {
    let folders = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
    let few = Data::Folder(folders[0].path());
    seed::idle_tenants(&few, TENANTS).await;
    let server = Server::start(&few);
    let empty = server.memory();
    server.host.end();
    let many = Data::Folder(folders[1].path());
    seed::idle_tenants(&many, arguments.tenants).await;
    let server = Server::start(&many);
    // The first ticks visit every tenant; wait until they are over.
    tokio::time::sleep(Duration::from_secs(15)).await;
    let full = server.memory();
    let mut trials = Vec::new();
    for (work, scrapes) in [("ticks", 0), ("scrapes and ticks", 100)] {
        let mut longest = f64::INFINITY;
        for _ in 0..arguments.tries {
            let before = Steps::read(server.ops);
            (0..scrapes).for_each(|_| drop(metrics(server.ops)));
            tokio::time::sleep(Duration::from_secs(3)).await;
            longest = longest.min(Steps::read(server.ops).longest_since(&before));
        }
        let work = format!("{work} with {} tenants", arguments.tenants);
        trials.push(Trial {
            work,
            longest,
            answered: metrics(server.ops).len(),
            grown: 0,
            neighbor: None,
            control: false,
        });
    }
    server.host.end();
    (trials, full.saturating_sub(empty) as f64 / arguments.tenants as f64)
}
