//! What operators do: the real program as a command, asking the real program as a server.

mod audit;
mod usage;

use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::license::desk::json;
use crate::support::program::{Data, Program};

/// A server with the demo tenant, and a folder in which commands are run.
struct Console {
    program: Program,
    folder: TempDir,
}

/// How a command ended, and what it printed.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    printed: String,
    errors: String,
}

impl Console {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        Self { program: Program::start(&Data::Folder(&data), &["--demo"]), folder }
    }

    /// Runs a command about the demo tenant.
    fn run(&self, words: &str) -> Ran {
        let address = self.program.api.to_string();
        let mut command = command(words);
        command.env("USHER_ADDRESS", address).env("USHER_TENANT", "demo").current_dir(self.folder.path());
        ran(&mut command)
    }

    /// What it prints, where it must succeed.
    fn says(&self, words: &str) -> String {
        let ran = self.run(words);
        assert_eq!((ran.code, &*ran.errors), (Some(0), ""), "{words}");
        ran.printed
    }

    /// The same in JSON.
    fn tells(&self, words: &str) -> Value {
        json(&self.says(&format!("{words} --json")))
    }

    /// What it says on standard error, where it must fail and print nothing else.
    fn refuses(&self, words: &str, code: i32) -> String {
        let ran = self.run(words);
        assert_eq!((ran.code, &*ran.printed), (Some(code), ""), "{words}: {ran:?}");
        let said = ran.errors.strip_prefix("usher: ").unwrap_or_else(|| panic!("{words}: {}", ran.errors));
        said.trim_end().to_owned()
    }
}

/// `usher` with words as a shell reads them: between single quotes stands one.
fn command(words: &str) -> Command {
    let quoted = words
        .split('\'')
        .enumerate()
        .map(|(at, part)| if at % 2 == 1 { vec![part] } else { part.split_whitespace().collect() });
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    command.env_clear().args(quoted.flatten()).stdin(Stdio::null());
    command
}

fn ran(command: &mut Command) -> Ran {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let [printed, errors] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(!errors.contains("panicked"), "{command:?}: {errors}");
    Ran { code: status.code(), printed, errors }
}
