//! PostgreSQL's server of a cluster, as a process: stopped in every way it can be, and started again.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Who the server runs as.
#[derive(Debug, Clone, Copy)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
}

/// The ways in which a server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Connections are ended, transactions rolled back, everything is written down.
    Fast,
    /// Everything is dropped; the next start recovers from the log.
    Immediate,
    /// SIGKILL to the postmaster; its children find that out by themselves.
    Kill,
}

#[derive(Debug)]
pub struct Server {
    pub(super) programs: PathBuf,
    pub(super) user: Option<User>,
    /// With the cluster's data in `data`, and the server's log.
    pub(super) folder: PathBuf,
    pub(super) port: u16,
    pub(super) options: String,
    pub(super) environment: Vec<(String, String)>,
}

impl Server {
    /// A program that runs as the server does.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).stdin(Stdio::null()).envs(self.environment.iter().map(|(k, v)| (k, v)));
        if let Some(User { uid, gid }) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    fn pg_ctl(&self, arguments: &[&str]) -> bool {
        let program = self.programs.join("pg_ctl");
        let mut command = self.command(program.to_str().expect("a plain path"));
        command.arg("-s").arg("-D").arg(self.folder.join("data")).args(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    /// # Panics
    /// When the server does not end.
    pub fn stop(&self, how: Stop) {
        match how {
            Stop::Fast => assert!(self.pg_ctl(&["-m", "fast", "-w", "stop"]), "{}", self.log()),
            Stop::Immediate => assert!(self.pg_ctl(&["-m", "immediate", "-w", "stop"]), "{}", self.log()),
            Stop::Kill => {
                let process = fs::read_to_string(self.folder.join("data/postmaster.pid")).expect("a server");
                let process = process.lines().next().expect("its process").to_owned();
                let killed = Command::new("kill").args(["-KILL", &process]).status();
                assert!(killed.is_ok_and(|status| status.success()), "kill -KILL {process}");
            }
        }
    }

    /// Starts the server again, on the same port. After a SIGKILL the children of the former one may still be there
    /// for a moment, and a server refuses to start beside them.
    ///
    /// # Panics
    /// When it does not.
    pub fn start(&self) {
        let log = self.folder.join("log");
        let log = log.to_str().expect("a plain path");
        let start = ["-w", "-t", "60", "-l", log, "-o", &self.options, "start"];
        let started = (0..20).any(|_| self.pg_ctl(&start));
        assert!(started, "PostgreSQL did not start again: {}", self.log());
    }

    /// Waits until the server answers, and starts it when it has ended by itself.
    ///
    /// # Panics
    /// When it does not come back.
    pub fn recovers(&self) {
        let program = self.programs.join("pg_isready");
        let port = format!("--port={}", self.port);
        let answers = || {
            let mut command = self.command(program.to_str().expect("a plain path"));
            command.args(["-q", "-h", "127.0.0.1", &port, "-t", "1"]);
            command.status().is_ok_and(|status| status.success())
        };
        for _ in 0..2_000 {
            if answers() {
                return;
            }
            if !self.pg_ctl(&["status"]) {
                return self.start();
            }
        }
        panic!("PostgreSQL did not come back: {}", self.log());
    }

    /// Makes a standby the primary.
    ///
    /// # Panics
    /// When it does not become one.
    pub fn promote(&self) {
        assert!(self.pg_ctl(&["-w", "promote"]), "{}", self.log());
    }

    /// The end of what the server said.
    fn log(&self) -> String {
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}
