//! A temporary PostgreSQL cluster from the binaries installed on the system: one for a test process, started when a
//! test first needs it, with a database for each test.
//!
//! A shell watches the cluster. It reads from a pipe that the test process holds. When that process ends in whatever
//! way, the pipe closes, and the shell stops the cluster and deletes its folder.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use secrecy::SecretString;
use tokio::time::{interval, timeout};
use tokio_postgres::NoTls;
use usher::ids::SessionId;

use super::server::{Server, User};

const MISSING: &str = "the tests need PostgreSQL's own programs (initdb, pg_ctl, postgres), in the PATH or in \
    /usr/lib/postgresql/*/bin: install Debian's package `postgresql`";

/// $1: the folder of the programs, $2: the folder of the cluster, $3: the file with the password, $4: more options for
/// the server, $5: the URL of the primary of which this cluster becomes a standby, or empty.
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
    /// The shell. It reads from its pipe for as long as this value lives.
    watch: Child,
}

/// Settings in which a cluster differs from the default.
#[derive(Clone, Copy, Default)]
pub struct Setup<'a> {
    pub fsync: bool,
    /// Parent of the cluster's folder, instead of the system's folder for temporary files.
    pub parent: Option<&'a Path>,
    /// More options for the server.
    pub options: &'a str,
    pub environment: &'a [(&'a str, &'a str)],
    /// The primary of which the cluster is a standby.
    pub primary: Option<&'a Cluster>,
}

/// The cluster that all tests of this process share.
pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(false))
}

impl Cluster {
    /// Starts a cluster. `fsync`: whether the server waits for the disk. Without it the server is faster, which is
    /// enough for tests that crash no machine.
    ///
    /// # Panics
    /// If PostgreSQL is not installed, or does not start.
    pub fn start(fsync: bool) -> Self {
        Self::start_as(&Setup { fsync, ..Setup::default() })
    }

    /// # Panics
    /// As [`Cluster::start`].
    pub fn start_as(setup: &Setup) -> Self {
        let programs = programs().expect(MISSING);
        let user = unprivileged();
        // A standby is a copy of its primary, including the passwords.
        let password =
            setup.primary.map_or_else(|| SessionId::random().to_string(), |primary| primary.password.clone());
        // Another process can take the port between its choice and the start of the server: then try another port.
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

    /// The URL of a database, including the password.
    pub fn url(&self, name: &str) -> String {
        format!("postgres://usher:{}@127.0.0.1:{}/{name}?sslmode=disable", self.password, self.server.port)
    }

    pub fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.server.port).into()
    }

    /// The server, which a test can stop and start again.
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

    /// Runs one of PostgreSQL's own programs.
    pub fn tool(&self, program: &str, arguments: &[&str]) {
        let output = Command::new(self.programs().join(program)).args(arguments).output().expect(MISSING);
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Makes the server answer only when its standby has the data, too. Returns when the standby follows.
    ///
    /// # Panics
    /// If it does not.
    pub async fn waits_for_its_standby(&self) {
        let client = connect(&self.url("postgres")).await;
        client.batch_execute("ALTER SYSTEM SET synchronous_standby_names = '*'").await.expect("a setting");
        client.batch_execute("SELECT pg_reload_conf()").await.expect("a reload");
        let sync = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        let follows = async {
            let mut looks = interval(Duration::from_millis(20));
            while client.query_one(sync, &[]).await.expect("an answer").get::<_, i64>(0) == 0 {
                looks.tick().await;
            }
        };
        timeout(Duration::from_secs(30), follows).await.expect("the standby follows");
    }

    pub async fn run(&self, name: &str, sql: &str) {
        let client = connect(&self.url(name)).await;
        client.batch_execute(sql).await.expect(sql);
    }
}

impl Drop for Cluster {
    /// Waits until the server is gone, so that the file system below it can be removed next.
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        let _ = self.watch.wait();
    }
}

/// Opens a connection for a test's own statements.
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
        "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync={} -c max_connections=1000 \
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
    // A process group of its own: Ctrl-C is meant for the tests, and the shell must outlive them by a moment.
    shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = shell.spawn().expect("sh");
    // The shell deletes the folder.
    let _ = folder.keep();
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    if line.trim() == "started" {
        return Some((server, child));
    }
    child.wait().expect("sh");
    None
}

/// PostgreSQL refuses to run as root. A test that runs as root starts it as the user that the package created, or as
/// `nobody`.
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

/// The folder with the server's programs: that of `USHER_TEST_POSTGRES_BIN`, else from the PATH, else Debian's folder of
/// the newest version.
#[allow(clippy::disallowed_methods)] // Variables are the place to look for programs.
fn programs() -> Option<PathBuf> {
    // A folder that was asked for is taken or refused: another version would prove nothing.
    if let Some(folder) = std::env::var_os("USHER_TEST_POSTGRES_BIN") {
        let folder = fs::canonicalize(&folder).unwrap_or_else(|error| panic!("USHER_TEST_POSTGRES_BIN: {error}"));
        assert!(is_complete(&folder), "USHER_TEST_POSTGRES_BIN: {MISSING}");
        return Some(folder);
    }
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
        .find(|folder| is_complete(folder))
}

fn is_complete(folder: &Path) -> bool {
    ["initdb", "pg_ctl", "postgres"].iter().all(|name| folder.join(name).exists())
}
