//! The recipes are correct: every command in them is run in order, and has the promised result.

use std::path::Path;
use std::process::Command;

use super::readme::{ADDRESS, steps};
use super::{Demo, Ran, read};

#[test]
fn every_command_does_what_it_promises() {
    let demo = Demo::start();
    let folder = tempfile::tempdir().unwrap();
    let usher = Path::new(env!("CARGO_BIN_EXE_usher")).parent().expect("a folder");
    let steps = steps(&read("docs/RECIPES.md"));
    assert!(steps.len() > 18, "the recipes have become short: {steps:#?}");
    for step in steps {
        let line = step.line.replace(ADDRESS, &demo.address());
        let mut shell = Command::new("bash");
        shell.args(["-c", &format!("PATH={}:$PATH\n{line}", usher.display())]).current_dir(&folder);
        let ran = Ran::new(shell.env("USHER_ADDRESS", demo.address()).env("USHER_TENANT", "demo"));
        let output = ran.printed() + &ran.errors();
        let code = if step.promise.contains("exit code 11") { 11 } else { 0 };
        assert_eq!(ran.output.status.code(), Some(code), "{line}\n{output}");
        for word in step.words() {
            assert!(output.contains(word), "{line}\npromises {word:?}, and says\n{output}");
        }
    }
}
