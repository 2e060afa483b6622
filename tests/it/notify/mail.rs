//! A mail server in a process of its own; it is killed when dropped.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::clients::{python, repository};

pub struct MailServer {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    folder: TempDir,
    pub port: u16,
}

impl MailServer {
    /// Starts the server. `mode` is plain, starttls or tls; `login` is the user and password that it requires.
    pub fn start(mode: &str, login: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let script = repository().join("tests/it/notify/python/mail_server.py");
        let mut command = python(&script);
        command.arg(mode).arg(folder.path()).args(login).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("python starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let port = lines.next().expect("a port").expect("text").parse().expect("a port");
        Self { child, lines, folder, port }
    }

    /// Returns the path of its authority's certificate.
    pub fn authority(&self) -> String {
        Path::new(self.folder.path()).join("ca.pem").display().to_string()
    }

    /// Waits for the next email.
    pub fn email(&mut self) -> Value {
        let line = self.lines.next().expect("an email").expect("text");
        serde_json::from_str(&line).expect("JSON")
    }

    /// Stops the server. Returns the number of further emails that it accepted.
    pub fn others(mut self) -> usize {
        self.child.kill().expect("the server is there");
        self.child.wait().expect("it ends");
        self.lines.by_ref().map_while(Result::ok).count()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
