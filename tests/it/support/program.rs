//! The real program as a process: started on free ports, observed through its own interfaces, stopped by signals.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tonic::transport::{Channel, Endpoint};
use usher::proto::v1::seat_service_client::SeatServiceClient;

/// Limit for every wait here. Nothing takes this long; a test that waits longer has failed.
const TIMEOUT: Duration = Duration::from_secs(60);

const ANY_PORT: &str = "127.0.0.1:0";

/// The store of a program.
#[derive(Debug, Clone)]
pub enum Data<'a> {
    Folder(&'a Path),
    Postgres(&'a str),
}

/// A running program. Dropping it kills it.
pub struct Program {
    child: Child,
    pub api: SocketAddr,
    pub ops: SocketAddr,
    log: mpsc::Receiver<String>,
}

/// A program that has ended: its exit code and its output on standard error.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub errors: String,
}

/// Returns the value of `FAILPOINTS` with which a program dies when it passes a failpoint for the `pass`th time
/// (`src/failpoints.rs`).
pub fn dies_at(failpoint: &str, pass: u64) -> String {
    format!("{failpoint}={}*off->return", pass - 1)
}

fn command(data: &Data, listen: &str, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    command.args(["serve", "--listen", listen, "--ops-listen", "127.0.0.1:0"]);
    match data {
        Data::Folder(folder) => command.arg("--data-dir").arg(folder),
        Data::Postgres(url) => command.env("DATABASE_URL", url).env("USHER_STATE_DIR", super::state::folder()),
    };
    command.args(more).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env_remove("RUST_BACKTRACE");
    command
}

impl Program {
    /// Starts the program and waits until it prints the addresses that it bound.
    pub fn start(data: &Data, more: &[&str]) -> Self {
        Self::launch(data, more, &[]).unwrap_or_else(|ended| panic!("the program did not start: {ended:?}"))
    }

    /// Like [`Program::start`] with more environment variables, for a program that may end before it serves.
    pub fn launch(data: &Data, more: &[&str], variables: &[(&str, &str)]) -> Result<Self, Ended> {
        Self::launch_on(data, ANY_PORT, more, variables)
    }

    /// Like [`Program::launch`], on the address `listen`.
    pub fn launch_on(data: &Data, listen: &str, more: &[&str], variables: &[(&str, &str)]) -> Result<Self, Ended> {
        let migrate: &[&str] = if matches!(data, Data::Postgres(_)) { &["--migrate-on-start"] } else { &[] };
        let mut command = command(data, listen, &[migrate, more].concat());
        command.envs(variables.iter().copied());
        Self::spawn(&mut command)
    }

    /// Starts the program in a folder, as people do: its data is in `data` there.
    pub fn start_in(folder: &Path, more: &[&str]) -> Self {
        let mut command = command(&Data::Folder(Path::new("data")), ANY_PORT, more);
        Self::spawn(command.current_dir(folder)).unwrap_or_else(|ended| panic!("the program did not start: {ended:?}"))
    }

    /// Starts the program in a shell that runs a command first, such as `ulimit`.
    pub fn start_after(shell: &str, data: &Data, more: &[&str]) -> Self {
        let program = command(data, ANY_PORT, more);
        let mut shelled = Command::new("sh");
        shelled
            .args(["-c", &format!("{shell}; exec \"$0\" \"$@\"")])
            .arg(program.get_program())
            .args(program.get_args());
        Self::spawn(&mut shelled).unwrap_or_else(|ended| panic!("the program did not start: {ended:?}"))
    }

    /// Starts the program with a log in JSON, which contains the bound addresses, too.
    pub fn start_in_json(data: &Data, more: &[&str]) -> Self {
        let mut command = command(data, ANY_PORT, &[more, &["--log-format", "json"]].concat());
        let mut child = command.spawn().expect("the program starts");
        let log = lines_of(child.stderr.take().expect("a pipe"));
        let unbound = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut program = Self { child, api: unbound, ops: unbound, log };
        loop {
            let line = program.log.recv_timeout(TIMEOUT).expect("the program says what it bound");
            let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"));
            let address = |name: &str| line[name].as_str().and_then(|text| text.parse().ok());
            if let (Some(api), Some(ops)) = (address("api"), address("ops")) {
                (program.api, program.ops) = (api, ops);
                return program;
            }
        }
    }

    /// Starts the program without waiting until it serves: it may never do so.
    pub fn begin(data: &Data) -> Self {
        let mut child = command(data, ANY_PORT, &[]).spawn().expect("the program starts");
        let log = lines_of(child.stderr.take().expect("a pipe"));
        let unbound = SocketAddr::from(([0, 0, 0, 0], 0));
        Self { child, api: unbound, ops: unbound, log }
    }

    /// Runs a command that becomes the program: the command's output is the program's.
    pub fn spawn(command: &mut Command) -> Result<Self, Ended> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let log = lines_of(child.stderr.take().expect("a pipe"));
        let output = lines_of(child.stdout.take().expect("a pipe"));
        let (mut api, mut ops) = (None, None);
        while api.is_none() || ops.is_none() {
            let Ok(line) = output.recv_timeout(TIMEOUT) else {
                let _ = child.kill();
                let status = child.wait().expect("the process ends");
                return Err(Ended { status, errors: log.iter().collect::<Vec<_>>().join("\n") });
            };
            if let Some(rest) = line.trim().strip_prefix("gRPC") {
                api = rest.trim().parse().ok();
            }
            if let Some(rest) = line.trim().strip_prefix("operations") {
                ops = rest.trim().strip_prefix("http://").and_then(|rest| rest.split('/').next()?.parse().ok());
            }
        }
        Ok(Self { child, api: api.expect("seen"), ops: ops.expect("seen"), log })
    }

    /// Runs a program that is expected to end on its own.
    pub fn fails(data: &Data, more: &[&str]) -> Ended {
        Self::fails_on(data, ANY_PORT, more)
    }

    /// Like [`Program::fails`], on the address `listen`.
    pub fn fails_on(data: &Data, listen: &str, more: &[&str]) -> Ended {
        let child = command(data, listen, more).spawn().expect("the program starts");
        wait(child)
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The last lines that it has logged so far.
    pub fn last_words(&self) -> String {
        let lines = self.lines();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// What it has logged since somebody last asked for that.
    pub fn lines(&self) -> Vec<String> {
        self.log.try_iter().collect()
    }

    pub fn seats(&self) -> SeatServiceClient<Channel> {
        SeatServiceClient::new(self.channel())
    }

    pub fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.api)).expect("an address").connect_lazy()
    }

    /// Sends SIGKILL: the process ends without a chance to do anything.
    pub fn kill(mut self) {
        self.child.kill().expect("the process is there");
        self.child.wait().expect("the process ends");
    }

    /// Waits until the program has ended on its own.
    pub async fn dies(&mut self) -> ExitStatus {
        let mut looks = tokio::time::interval(Duration::from_millis(2));
        loop {
            looks.tick().await;
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                return status;
            }
        }
    }

    /// Sends SIGSTOP: the process does not run until it is thawed.
    pub fn freeze(&self) {
        signal(self.child.id(), "STOP");
    }

    pub fn thaw(&self) {
        signal(self.child.id(), "CONT");
    }

    /// Sends SIGHUP: the program reads its files again.
    pub fn hang_up(&self) {
        signal(self.child.id(), "HUP");
    }

    /// Waits until the program logs a line with this text, and returns the line.
    pub fn says(&self, text: &str) -> String {
        loop {
            let line = self.log.recv_timeout(TIMEOUT).unwrap_or_else(|_| panic!("it did not say {text:?}"));
            if line.contains(text) {
                return line;
            }
        }
    }

    pub fn terminate(&self) {
        signal(self.child.id(), "TERM");
    }

    /// Waits for the end, and returns the exit code and the log.
    pub fn ended(mut self) -> Ended {
        let (sender, receiver) = mpsc::channel();
        let id = self.child.id();
        thread::scope(|scope| {
            scope.spawn(move || {
                if receiver.recv_timeout(TIMEOUT).is_err() {
                    signal(id, "KILL");
                }
            });
            let status = self.child.wait().expect("the process ends");
            let _ = sender.send(());
            Ended { status, errors: self.log.iter().collect::<Vec<_>>().join("\n") }
        })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process that a test started, by its id.
fn signal(process: u32, name: &str) {
    let status = Command::new("kill").args([format!("-{name}"), process.to_string()]).status();
    assert!(status.is_ok_and(|status| status.success()), "kill -{name} {process}");
}

fn lines_of(pipe: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn wait(child: Child) -> Ended {
    let output = child.wait_with_output().expect("the process ends");
    Ended { status: output.status, errors: String::from_utf8_lossy(&output.stderr).into_owned() }
}
