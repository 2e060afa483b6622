//! The servers that are measured, and their use of processor time and memory, as the kernel counts it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use usher::commands::connection::{AuthenticatedChannel, Bearer, Target, Trust, connect};

use crate::support::postgres;
use crate::support::program::{Data, Program};

/// How callers connect; by default in plaintext and without credentials.
#[derive(Debug, Default)]
pub struct Security {
    /// The trust anchors for the host name `localhost`.
    pub tls: Option<Trust>,
    pub token: Option<Bearer>,
}

/// A server that is called.
pub enum Host {
    Floor { child: Child, address: SocketAddr },
    Usher { program: Program, database: Option<String>, security: Security },
}

impl Host {
    /// Starts this same program as the floor.
    pub fn floor() -> Self {
        let program = std::env::current_exe().expect("a path");
        let mut child = Command::new(program)
            .arg("--floor")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the floor starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("an address");
        Self::Floor { child, address: line.trim().parse().expect("an address") }
    }

    pub fn usher(data: &Data, more: &[&str]) -> Self {
        Self::usher_with(data, more, &[])
    }

    /// Starts Usher with more environment variables.
    pub fn usher_with(data: &Data, more: &[&str], variables: &[(&str, &str)]) -> Self {
        let database = match data {
            Data::Postgres(url) => Some((*url).to_owned()),
            Data::Folder(_) => None,
        };
        // Every user of a benchmark signs in for the first time, so the budget of admissions must not limit.
        let more = [&["--admission-rate", "1000000/s"], more].concat();
        let started = Program::launch(data, &more, variables);
        let program = started.unwrap_or_else(|ended| panic!("the program did not start: {ended:?}"));
        Self::Usher { program, database, security: Security::default() }
    }

    /// The same server, called with these credentials.
    pub fn secured_by(self, by: Security) -> Self {
        match self {
            Host::Usher { program, database, .. } => Self::Usher { program, database, security: by },
            floor @ Host::Floor { .. } => floor,
        }
    }

    pub async fn channels(&self, connections: usize) -> Vec<AuthenticatedChannel> {
        let target = match self {
            Host::Floor { address, .. } => target(*address, None, None),
            Host::Usher { program, security, .. } => target(program.api, security.tls.as_ref(), security.token.clone()),
        };
        let mut channels = Vec::new();
        for _ in 0..connections {
            channels.push(connect(&target).await.expect("a connection"));
        }
        channels
    }

    pub fn process(&self) -> u32 {
        match self {
            Host::Floor { child, .. } => child.id(),
            Host::Usher { program, .. } => program.id(),
        }
    }

    /// Returns the server's processes, including those of its database.
    pub async fn processes(&self) -> Vec<u32> {
        let mut all = vec![self.process()];
        if let Host::Usher { database: Some(url), .. } = self {
            let client = postgres::connect(url).await;
            let rows = client.query("SELECT pid FROM pg_stat_activity", &[]).await.expect("processes");
            all.extend(rows.iter().map(|row| row.get::<_, i32>(0).cast_unsigned()));
        }
        all
    }

    /// Stops the server; one with a store flushes it.
    pub fn end(self) {
        match self {
            Host::Floor { mut child, .. } => {
                drop(child.stdin.take());
                child.wait().expect("the floor ends");
            }
            Host::Usher { program, .. } => {
                program.terminate();
                let ended = program.ended();
                assert!(ended.status.success(), "{}: {}", ended.status, ended.errors);
            }
        }
    }
}

fn target(address: SocketAddr, tls: Option<&Trust>, token: Option<Bearer>) -> Target {
    let host = if tls.is_some() { "localhost".to_owned() } else { address.ip().to_string() };
    let tls = tls.map(|trust| Trust { ca: trust.ca.clone(), identity: trust.identity.clone() });
    let address = format!("{host}:{}", address.port()).parse().expect("an address");
    Target { address, tls, token }
}

/// Returns the processor time that these processes have used so far. A process that has ended counts as zero.
pub fn processor_time(processes: &[u32]) -> Duration {
    let ticks: u64 = processes.iter().filter_map(|process| ticks(*process)).sum();
    // `USER_HZ` is 100 on every Linux that Rust supports.
    Duration::from_millis(ticks * 10)
}

fn ticks(process: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is a name in parentheses, which may contain anything; utime and stime are fields 14 and 15.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

/// Returns the resident memory in bytes.
pub fn memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("the process lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().expect("a number");
    kilobytes * 1_024
}
