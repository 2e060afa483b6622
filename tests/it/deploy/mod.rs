//! The files in `deploy/`, checked without a cluster and without containers: by the tools that will read them, and by
//! running the real program with their settings.

mod compose;
mod image;
mod kubernetes;
mod metrics;
mod prometheus;
mod settings;
mod systemd;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::clients::{python, repository};

/// Returns the path of a file in `deploy/`.
fn path(file: &str) -> PathBuf {
    repository().join("deploy").join(file)
}

fn read(file: &str) -> String {
    let path = path(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the output of a program; panics unless it succeeds.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}: run 'make tools'"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}:\n{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// Runs one of Usher's scripts with this standard input. Returns its output as JSON; panics unless it succeeds.
fn script(name: &str, input: &str) -> Value {
    let mut command = python(&repository().join("tests/it/deploy/python").join(name));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns the texts in a list.
fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}
