//! Failpoints leave no trace in a program without the feature `failpoints`, and a program without debug assertions cannot
//! have the feature. `make build` checks the released program with the same script.

use std::path::Path;
use std::process::{Command, Output};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const PROGRAM: &str = env!("CARGO_BIN_EXE_usher");

/// Traces that are left when symbols are stripped, as in a release; and those that are not.
const TEXTS: [&str; 2] = ["FAILPOINTS", "src/failpoints.rs"];
const SYMBOLS: [&str; 2] = ["5usher10failpoints", "4fail12FailScenario"];

/// A crate of a function with a failpoint, and of the module `failpoints`; its path replaces `MODULE`.
const PROBE: &str = r#"
#[macro_use]
#[path = "MODULE"]
pub mod failpoints;
#[inline(never)]
pub fn commit() { fail_point!("after-commit"); }
fn main() { commit(); }
"#;

fn look_at(program: &Path) -> Output {
    Command::new(format!("{ROOT}/scripts/no-trace.sh")).arg(program).output().expect("the script runs")
}

/// Compiles the probe as a release compiles `src/failpoints.rs`, without debug assertions.
fn compile(folder: &Path, feature: bool) -> Output {
    let source = folder.join("usher.rs");
    std::fs::write(&source, PROBE.replace("MODULE", &format!("{ROOT}/src/failpoints.rs"))).expect("a file");
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition", "2024", "--crate-name", "usher", "-A", "warnings"]);
    rustc.args(["-C", "opt-level=1", "-C", "debug-assertions=false"]);
    if feature {
        rustc.args(["--cfg", "feature=\"failpoints\""]);
    }
    rustc.arg("-o").arg(folder.join("probe")).arg(source).output().expect("rustc")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn without_the_feature_nothing_is_compiled() {
    let folder = tempfile::tempdir().expect("a folder");
    let built = compile(folder.path(), false);
    assert!(built.status.success(), "{}", text(&built.stderr));
    let clean = look_at(&folder.path().join("probe"));
    assert_eq!(clean.status.code(), Some(0), "{}", text(&clean.stdout));
}

#[test]
fn the_check_finds_every_trace_in_the_program_of_the_tests() {
    let found = look_at(Path::new(PROGRAM));
    assert_eq!(found.status.code(), Some(1), "{}{}", text(&found.stdout), text(&found.stderr));
    for trace in TEXTS.iter().chain(&SYMBOLS) {
        assert!(text(&found.stdout).contains(trace), "not found: {trace} in\n{}", text(&found.stdout));
    }
    let nothing = look_at(Path::new("/no/such/program"));
    assert_eq!(nothing.status.code(), Some(2), "looking at nothing is no success");
}

#[test]
fn the_check_finds_the_texts_in_a_stripped_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let stripped = folder.path().join("stripped");
    let strip = Command::new("strip").arg("-o").arg(&stripped).arg(PROGRAM).status().expect("strip of the binutils");
    assert!(strip.success(), "{strip}");
    let found = look_at(&stripped);
    assert_eq!(found.status.code(), Some(1), "{}{}", text(&found.stdout), text(&found.stderr));
    for trace in TEXTS {
        assert!(text(&found.stdout).contains(trace), "not found: {trace} in\n{}", text(&found.stdout));
    }
}

#[test]
fn a_build_without_debug_assertions_refuses_the_feature() {
    let folder = tempfile::tempdir().expect("a folder");
    let built = compile(folder.path(), true);
    assert!(!built.status.success(), "it was built");
    assert!(text(&built.stderr).contains("a release build never has it"), "{}", text(&built.stderr));
}
