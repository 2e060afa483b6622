//! Real clients against the real program: third-party code without any generated stubs, and the commands of the pages
//! and examples. `make tools` installs the clients in `.tools/`.

mod buf;
mod examples;
mod grpcurl;
mod license_json;
mod python;
mod readme;
mod recipes;
mod run_three;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::program::{Data, Program};

/// A program with a fresh demo tenant.
struct Demo {
    program: Program,
    /// The data folder.
    folder: tempfile::TempDir,
}

impl Demo {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = Program::start(&Data::Folder(folder.path()), &["--demo"]);
        Self { program, folder }
    }

    fn address(&self) -> String {
        self.program.api.to_string()
    }
}

/// Output of a client, and whether it succeeded.
#[derive(Debug)]
struct Ran {
    output: Output,
}

impl Ran {
    fn new(command: &mut Command) -> Self {
        Self { output: command.output().unwrap_or_else(|error| panic!("{command:?}: {error}")) }
    }

    /// Returns standard output; panics unless the client succeeded.
    fn text(&self) -> String {
        assert!(self.output.status.success(), "{}\n{}{}", self.output.status, self.printed(), self.errors());
        self.printed()
    }

    fn json(&self) -> Value {
        let text = self.text();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Returns standard error; panics unless the client failed.
    fn failure(&self) -> String {
        assert!(!self.output.status.success(), "this should have failed: {}", self.printed());
        self.errors()
    }

    fn printed(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    fn errors(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }
}

pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    std::fs::read_to_string(repository().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Returns the folder with `grpcurl` and a Python with gRPC.
pub fn tools() -> PathBuf {
    let folder = repository().join(".tools/python/bin");
    // The stamp is written last, so its absence shows an interrupted installation.
    assert!(repository().join(".tools/python/installed").exists(), "run 'make tools': nothing in {}", folder.display());
    folder
}

pub fn python(script: &Path) -> Command {
    let mut command = Command::new(tools().join("python"));
    // `-B` keeps Python from writing files into the source tree. `no_proxy` bypasses a proxy.
    command.arg("-B").arg(script).env("no_proxy", "127.0.0.1");
    command
}

fn login(user: &str, device: &str) -> Value {
    let user = format!("{user}@demo.example");
    json!({"tenant_id": "demo", "pool_id": "primary", "user_id": user, "device_id": device})
}

/// Asserts that `answer` contains `expected`: objects may have more members, everything else must be equal.
fn assert_has(answer: &Value, expected: &Value) {
    fn has(answer: &Value, expected: &Value) -> bool {
        match (answer, expected) {
            (Value::Object(answer), Value::Object(expected)) => {
                expected.iter().all(|(key, value)| answer.get(key).is_some_and(|found| has(found, value)))
            }
            (Value::Array(answer), Value::Array(expected)) => {
                answer.len() == expected.len() && answer.iter().zip(expected).all(|(one, other)| has(one, other))
            }
            _ => answer == expected,
        }
    }
    assert!(has(answer, expected), "expected {expected:#}\nin {answer:#}");
}
