//! What is in `deploy/`, checked without a cluster and without containers: by the tools of those who will read it, and
//! by running the real program as it says.

mod metrics;
mod prometheus;
mod systemd;

use std::path::PathBuf;
use std::process::Command;

use crate::clients::repository;

/// A file of `deploy/`.
fn path(file: &str) -> PathBuf {
    repository().join("deploy").join(file)
}

fn read(file: &str) -> String {
    let path = path(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a program prints, where it must succeed.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}: run 'make tools'"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}:\n{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}
