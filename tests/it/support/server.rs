//! The PostgreSQL server of a cluster as a process: stopped in each possible way, and started again.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The user as which the server runs.
#[derive(Debug, Clone, Copy)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
}

/// The ways in which a server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Ends connections, rolls transactions back, and writes everything down.
    Fast,
    /// Drops everything; the next start recovers from the write-ahead log.
    Immediate,
    /// Sends SIGKILL to the postmaster; its child processes notice it later.
    Kill,
}

#[derive(Debug)]
pub struct Server {
    pub(super) programs: PathBuf,
    pub(super) user: Option<User>,
    /// Contains the cluster's data in `data`, and the server's log.
    pub(super) folder: PathBuf,
    pub(super) port: u16,
    pub(super) options: String,
    pub(super) environment: Vec<(String, String)>,
}

impl Server {
    /// A command that runs as the server's user.
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

    /// Stops the server.
    ///
    /// # Panics
    /// If the server does not end.
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

    /// Starts the server again, on the same port. After a SIGKILL the child processes of the former server can still be
    /// there for a moment, and a server refuses to start beside them: then it tries again.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(&self) {
        let log = self.folder.join("log");
        let log = log.to_str().expect("a plain path");
        let start = ["-w", "-t", "60", "-l", log, "-o", &self.options, "start"];
        let started = (0..20).any(|_| self.pg_ctl(&start));
        assert!(started, "PostgreSQL did not start again: {}", self.log());
    }

    /// Waits until the server answers; starts it if it has ended on its own.
    ///
    /// # Panics
    /// If it does not answer again.
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

    /// Promotes a standby to the primary.
    ///
    /// # Panics
    /// If it does not become the primary.
    pub fn promote(&self) {
        assert!(self.pg_ctl(&["-w", "promote"]), "{}", self.log());
    }

    /// The last lines of the server's log.
    fn log(&self) -> String {
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}
