//! A throw-away PostgreSQL cluster from the system's own binaries: one for a test process, started when it is first
//! asked for, with a database for each test.
//!
//! A shell watches over the cluster. It reads from a pipe that the test process holds; when that process ends,
//! however it ends, the pipe ends, and the shell stops the cluster and deletes its folder.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use secrecy::SecretString;
use tokio_postgres::NoTls;
use usher::ids::SessionId;

use super::server::{Server, User};

const MISSING: &str = "the tests need PostgreSQL's own programs (initdb, pg_ctl, postgres), in the PATH or in \
    /usr/lib/postgresql/*/bin: install Debian's package `postgresql`";

/// $1: the programs' folder, $2: the cluster's folder, $3: the password's file, $4: more options for the server,
/// $5: the URL of a primary, of which this is to be a standby; else empty.
const WATCH: &str = r#"
    trap '' PIPE
    make_it() {
        if [ -n "$5" ]
        then "$1/pg_basebackup" -d "$5" -D "$2/data" -R -c fast -X stream --no-sync
        else "$1/initdb" -U usher -A scram-sha-256 --pwfile="$3" -E UTF8 --locale=C --no-sync -D "$2/data"
        fi >"$2/log" 2>&1
    }
    if make_it "$@" && "$1/pg_ctl" -s -w -t 60 -D "$2/data" -l "$2/log" -o "$4" start >/dev/null 2>&1
    then echo started; cat >/dev/null; "$1/pg_ctl" -s -D "$2/data" -m immediate stop
    else tail -n 20 "$2/log" >&2
    fi
    rm -rf "$2"
"#;

pub struct Cluster {
    password: String,
    databases: AtomicU32,
    server: Server,
    /// The shell; it reads from its pipe for as long as this lives.
    watch: Child,
}

/// How a cluster is not like the others.
#[derive(Clone, Copy, Default)]
pub struct Setup<'a> {
    pub fsync: bool,
    /// The folder for the cluster's own, instead of the system's for temporary files.
    pub parent: Option<&'a Path>,
    /// More options for the server.
    pub options: &'a str,
    pub environment: &'a [(&'a str, &'a str)],
    /// The cluster is a standby of this one.
    pub primary: Option<&'a Cluster>,
}

/// The cluster of this test process.
pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(false))
}

impl Cluster {
    /// `fsync`: whether the server waits for the disk. Not doing so is faster, and as good for tests that crash no
    /// machine.
    ///
    /// # Panics
    /// When PostgreSQL is not installed, or does not start.
    pub fn start(fsync: bool) -> Self {
        Self::start_as(&Setup { fsync, ..Setup::default() })
    }

    /// # Panics
    /// As [`Cluster::start`].
    pub fn start_as(setup: &Setup) -> Self {
        let programs = programs().expect(MISSING);
        let user = unprivileged();
        // A standby is a copy, passwords and all.
        let password =
            setup.primary.map_or_else(|| SessionId::random().to_string(), |primary| primary.password.clone());
        // Another process may take the port between the choice and the server: then try another one.
        let started = (0..3).find_map(|_| start(&programs, user, &password, setup));
        let (server, watch) = started.expect("PostgreSQL did not start");
        Self { password, databases: AtomicU32::new(0), server, watch }
    }

    /// The URL of a new, empty database.
    pub async fn database(&self) -> SecretString {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.run("postgres", &format!("CREATE DATABASE {name}")).await;
        self.url(&name).into()
    }

    /// The URL of a database, password and all.
    pub fn url(&self, name: &str) -> String {
        format!("postgres://usher:{}@127.0.0.1:{}/{name}?sslmode=disable", self.password, self.server.port)
    }

    pub fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.server.port).into()
    }

    /// The server, to be stopped and started again.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The folder of PostgreSQL's own programs.
    pub fn programs(&self) -> &Path {
        &self.server.programs
    }

    pub fn password(&self) -> &str {
        &self.password
    }

    /// Runs one of PostgreSQL's own programs, which must succeed.
    pub fn tool(&self, program: &str, arguments: &[&str]) {
        let output = Command::new(self.programs().join(program)).args(arguments).output().expect(MISSING);
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }

    pub async fn run(&self, name: &str, sql: &str) {
        let client = connect(&self.url(name)).await;
        client.batch_execute(sql).await.expect(sql);
    }
}

impl Drop for Cluster {
    /// Waits until it is gone: what it lies on may go next.
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        let _ = self.watch.wait();
    }
}

/// A connection of a test's own.
pub async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

fn start(programs: &Path, user: Option<User>, password: &str, setup: &Setup) -> Option<(Server, Child)> {
    let mut prefix = tempfile::Builder::new();
    let prefix = prefix.prefix("usher-pg-");
    let folder = setup.parent.map_or_else(|| prefix.tempdir(), |parent| prefix.tempdir_in(parent));
    let folder = folder.expect("a temporary folder");
    let secret = folder.path().join("password");
    fs::write(&secret, password).expect("the password's file");
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
    let options = format!(
        "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync={} -c max_connections=300 \
         -c shared_buffers=64MB -c autovacuum=off {}",
        setup.fsync, setup.options
    );
    if let Some(User { uid, gid }) = user {
        for path in [folder.path(), &secret] {
            chown(path, Some(uid), Some(gid)).expect("chown in the temporary folder");
        }
    }
    let environment = setup.environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let server = Server {
        programs: programs.to_owned(),
        user,
        folder: folder.path().to_owned(),
        port,
        options,
        environment: environment.collect(),
    };
    let mut shell = server.command("sh");
    shell.args(["-c", WATCH, "sh"]).args([programs, folder.path(), &secret]).arg(&server.options);
    shell.arg(setup.primary.map(|primary| primary.url("postgres")).unwrap_or_default());
    // A group of its own: Ctrl-C is for the tests, and the shell must outlive them by a moment.
    shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = shell.spawn().expect("sh");
    // The shell deletes it.
    let _ = folder.keep();
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    if line.trim() == "started" {
        return Some((server, child));
    }
    child.wait().expect("sh");
    None
}

/// PostgreSQL refuses to run as root; then it runs as the user that its package made, or as nobody.
fn unprivileged() -> Option<User> {
    if id("-u", None) != Some(0) {
        return None;
    }
    let user = |name| Some(User { uid: id("-u", Some(name))?, gid: id("-g", Some(name))? });
    user("postgres").or_else(|| user("nobody"))
}

fn id(flag: &str, name: Option<&str>) -> Option<u32> {
    let output = Command::new("id").arg(flag).args(name).output().expect("id");
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// The folder with the server's programs: where the PATH says, else Debian's, the newest version first.
#[allow(clippy::disallowed_methods)] // Where programs are is what PATH is for.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).filter_map(|folder| fs::canonicalize(folder.join("initdb")).ok());
    let mut debian: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin/initdb")))
        })
        .collect();
    debian.sort();
    in_path
        .chain(debian.into_iter().rev().map(|(_, program)| program))
        .filter_map(|program| program.parent().map(Path::to_owned))
        .find(|folder| ["initdb", "pg_ctl", "postgres"].iter().all(|name| folder.join(name).exists()))
}
