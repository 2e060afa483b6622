//! Nodes of the real program on one database: started, frozen, killed and replaced, with proxies between them and
//! everything that they talk to.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use tempfile::TempDir;
use tokio::task::{JoinHandle, block_in_place};

use super::SHARDS;
use super::links::{Links, Processes};
use crate::support::program::{Ended, Program};
use crate::support::proxy::{Network, Proxy};

/// Most nodes of a cluster.
pub const MOST: usize = 4;
/// Gives a program a host name of its own ($0), as machines and pods have.
const NAMED: &str = r#"hostname "$0" && exec "$@""#;

/// The proxies that a test needs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Proxies {
    /// Between each node and PostgreSQL.
    pub database: bool,
    /// Between each node and each of its peers.
    pub peers: bool,
    /// Between each node and its clients.
    pub clients: bool,
}

/// A place for a node: its address for clients and peers, and its state folder, which outlive the process.
pub struct Node {
    /// Its host name.
    name: String,
    /// The database, which no two trials have in common.
    trial: String,
    at: usize,
    url: String,
    state: TempDir,
    options: Vec<String>,
    variables: Vec<(String, String)>,
    database: Option<Proxy>,
    links: Option<Links>,
    clients: Option<Proxy>,
    processes: Arc<Processes>,
    /// Calls of its former processes of which they did not know whether they were carried out.
    unknown: u64,
    /// The address at which its peers reach it: its column `peer_address`.
    pub peer: SocketAddr,
    addresses: Option<Addresses>,
    /// In a lock only because trials run side by side.
    program: Mutex<Option<Program>>,
}

/// Where a program listens.
#[derive(Debug, Clone, Copy)]
struct Addresses {
    api: SocketAddr,
    operations: SocketAddr,
}

impl Node {
    pub async fn new(
        at: usize,
        url: &str,
        database: SocketAddr,
        proxies: Proxies,
        options: &[String],
        processes: &Arc<Processes>,
    ) -> Self {
        // The proxies get their servers when the program starts.
        let unused = SocketAddr::from(([127, 0, 0, 1], 9));
        let to_database = if proxies.database { Some(Proxy::to(database).await) } else { None };
        let url = to_database
            .as_ref()
            .map_or_else(|| url.to_owned(), |proxy| url.replace(&database.to_string(), &proxy.address.to_string()));
        Self {
            name: format!("node{at}"),
            trial: url.rsplit('/').next().unwrap_or_default().split('?').next().unwrap_or_default().to_owned(),
            at,
            url,
            state: state(),
            options: options.to_vec(),
            variables: Vec::new(),
            database: to_database,
            links: if proxies.peers { Some(Links::to(unused, Arc::clone(processes)).await) } else { None },
            clients: if proxies.clients { Some(Proxy::to(unused).await) } else { None },
            processes: Arc::clone(processes),
            unknown: 0,
            peer: unused,
            addresses: None,
            program: Mutex::default(),
        }
    }

    /// Sets variables of the next start.
    pub fn with(&mut self, variables: &[(&str, String)]) {
        self.variables = variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    }

    /// Starts the program. The handle ends when it serves.
    pub fn begin(&mut self) -> JoinHandle<Result<Program, Ended>> {
        let listen = free_address();
        if let Some(links) = &self.links {
            links.turn_to(listen);
        }
        self.peer = self.links.as_ref().map_or(listen, |links| links.address);
        let (listen, advertise) = (listen.to_string(), self.peer.to_string());
        let shards = SHARDS.to_string();
        let mut command = command(&self.name);
        command.args(["serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--migrate-on-start"]);
        command.args(["--peer-listen", &listen, "--peer-advertise", &advertise, "--shards", &shards]);
        command.args(&self.options).env_remove("RUST_BACKTRACE").env("DATABASE_URL", &self.url);
        command.env("USHER_STATE_DIR", self.state.path());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        tokio::task::spawn_blocking(move || Program::spawn(&mut command))
    }

    /// Puts a started program into its place.
    ///
    /// # Panics
    /// If it did not start.
    pub async fn serves(&mut self, begun: JoinHandle<Result<Program, Ended>>) {
        let started = begun.await.expect("no panic");
        let program = started.unwrap_or_else(|ended| panic!("{} did not start: {ended:?}", self.name));
        self.processes.is(self.at, Some(program.id()));
        if let Some(clients) = &self.clients {
            clients.turn_to(program.api);
        }
        self.addresses = Some(Addresses { api: program.api, operations: program.ops });
        *self.running() = Some(program);
    }

    pub async fn start(&mut self) {
        let begun = self.begin();
        self.serves(begun).await;
    }

    /// Makes the next start one of a fresh machine: another host name, and an empty state folder.
    pub fn replace(&mut self) {
        static MACHINES: AtomicU32 = AtomicU32::new(0);
        self.name = format!("node{}-{}", self.at, MACHINES.fetch_add(1, Ordering::Relaxed));
        self.state = state();
    }

    /// Makes the next start one that does not know that its predecessor is gone.
    pub fn forget(&mut self) {
        self.state = state();
    }

    pub fn runs(&self) -> bool {
        self.addresses.is_some()
    }

    fn running(&self) -> MutexGuard<'_, Option<Program>> {
        self.program.lock().expect("not poisoned")
    }

    fn listens(&self) -> Addresses {
        self.addresses.unwrap_or_else(|| panic!("{} does not run", self.name))
    }

    /// The address at which clients reach it.
    pub fn address(&self) -> SocketAddr {
        self.clients.as_ref().map_or_else(|| self.listens().api, |clients| clients.address)
    }

    /// Its page of metrics.
    pub fn metrics(&self) -> String {
        block_in_place(|| crate::shell::page(self.listens().operations, "/metrics").1)
    }

    /// Sends SIGSTOP: the process does not run until it is thawed.
    pub fn freeze(&self) {
        self.running().as_ref().expect("it runs").freeze();
    }

    pub fn thaw(&self) {
        self.running().as_ref().expect("it runs").thaw();
    }

    /// Sends SIGTERM, and returns when it has ended.
    pub fn terminate(&mut self) -> Ended {
        let program = self.take();
        program.terminate();
        let ended = block_in_place(|| program.ended());
        self.keep(&ended.errors);
        ended
    }

    /// Sends SIGKILL.
    pub fn kill(&mut self) {
        let program = self.take();
        self.keep(&program.lines().join("\n"));
        block_in_place(|| program.kill());
    }

    /// A number on its page of metrics.
    ///
    /// # Panics
    /// If it is not there.
    pub fn metric(&self, name: &str) -> u64 {
        let page = self.metrics();
        let number = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        number.unwrap_or_else(|| panic!("no {name}")).parse().expect("a number")
    }

    /// Calls that it has forwarded, and of which it did not know whether they were carried out: it may have repeated
    /// them. What a process does while it ends is not counted.
    pub fn unknown(&self) -> u64 {
        let now = if self.runs() { self.metric("usher_calls_forwarded_total{outcome=\"unknown\"}") } else { 0 };
        self.unknown + now
    }

    fn take(&mut self) -> Program {
        self.unknown = self.unknown();
        self.processes.is(self.at, None);
        self.addresses = None;
        self.running().take().expect("it runs")
    }

    /// Adds to the node's log in the folder that `USHER_CLUSTER_LOGS` names.
    #[allow(clippy::disallowed_methods)] // The folder is no setting of the program.
    fn keep(&self, log: &str) {
        let Ok(folder) = std::env::var("USHER_CLUSTER_LOGS").map(PathBuf::from) else { return };
        let _ = fs::create_dir_all(&folder);
        let file = folder.join(format!("{}-{}.log", self.trial, self.name));
        let file = OpenOptions::new().create(true).append(true).open(file);
        let _ = file.and_then(|mut file| writeln!(file, "{log}"));
    }

    /// # Panics
    /// Without a proxy there.
    pub fn database_network(&self, network: Network) {
        self.database.as_ref().expect("a proxy").set(network);
    }

    /// New connections to the database go to this server.
    ///
    /// # Panics
    /// Without a proxy there.
    pub fn database_is_at(&self, server: SocketAddr) {
        self.database.as_ref().expect("a proxy").turn_to(server);
    }

    /// What happens to connections that the node `from` opens to this one.
    ///
    /// # Panics
    /// Without proxies there.
    pub fn peer_network(&self, from: usize, network: Network) {
        self.links.as_ref().expect("proxies").set(from, network);
    }

    /// # Panics
    /// Without a proxy there.
    pub fn client_network(&self, network: Network) {
        self.clients.as_ref().expect("a proxy").set(network);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let Some(lines) = self.program.get_mut().ok().and_then(Option::take).map(|program| program.lines()) else {
            return;
        };
        self.keep(&lines.join("\n"));
        if std::thread::panicking() {
            eprintln!("the last words of {}:\n{}", self.name, lines[lines.len().saturating_sub(40)..].join("\n"));
        }
    }
}

fn state() -> TempDir {
    tempfile::Builder::new().prefix("usher-state-").tempdir().expect("a temporary folder")
}

/// The program with a host name of its own. Where the test has no permission to give one, nodes have the same name:
/// then a restart moves more shards, and everything else is the same.
fn command(name: &str) -> Command {
    static MAY: OnceLock<bool> = OnceLock::new();
    let may = *MAY.get_or_init(|| {
        let output = Command::new("unshare").args(["--uts", "sh", "-c", NAMED, "node", "true"]).output();
        output.is_ok_and(|output| output.status.success())
    });
    let program = env!("CARGO_BIN_EXE_usher");
    if !may {
        return Command::new(program);
    }
    let mut command = Command::new("unshare");
    command.args(["--uts", "sh", "-c", NAMED, name, program]);
    command
}

/// An address that is free now. It is outside the range from which the system takes ports for connections, and not one
/// that a test in another process takes at the same time.
fn free_address() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let free = || {
        let next = std::process::id().wrapping_mul(101).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = 20_000 + u16::try_from(next % 10_000).expect("small");
        TcpListener::bind(("127.0.0.1", port)).and_then(|listener| listener.local_addr()).ok()
    };
    std::iter::repeat_with(free).take(10_000).flatten().next().expect("a free port")
}
