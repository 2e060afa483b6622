//! Failpoints leave no trace in a program without the feature `faults`, and a program without debug
//! assertions cannot have the feature. `make build` checks the released program with the same script.

use std::path::Path;
use std::process::{Command, Output};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const TRACES: [&str; 4] = ["USHER_DIE_AT", "src/faults.rs", "6faults11switched_on", "5usher6faults"];

/// A crate of a function with a failpoint, and of the module `faults`; its path replaces `ROOM`.
const PROBE: &str = r#"
#[macro_use]
#[path = "ROOM"]
pub mod faults;
#[inline(never)]
pub fn commit() { die_here!(AfterCommit); }
fn main() { commit(); }
"#;

fn look_at(program: &Path) -> Output {
    Command::new(format!("{ROOT}/scripts/no-trace.sh")).arg(program).output().expect("the script runs")
}

/// Compiles the probe as `src/faults.rs` is compiled into a program, and strips it like a release.
fn compile(folder: &Path, name: &str, feature: bool, debug_assertions: bool) -> Output {
    let source = folder.join("usher.rs");
    std::fs::write(&source, PROBE.replace("ROOM", &format!("{ROOT}/src/faults.rs"))).expect("a file");
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition", "2024", "--crate-name", "usher", "-A", "warnings"]);
    rustc.args(["-C", "opt-level=1", "-C", "strip=symbols"]);
    rustc.arg(format!("-Cdebug-assertions={debug_assertions}"));
    if feature {
        rustc.args(["--cfg", "feature=\"faults\""]);
    }
    rustc.arg("-o").arg(folder.join(name)).arg(source).output().expect("rustc")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn without_the_feature_nothing_is_compiled_and_with_it_the_check_finds_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (bare, faulty) = (folder.path().join("bare"), folder.path().join("faulty"));
    let built = compile(folder.path(), "bare", false, false);
    assert!(built.status.success(), "{}", text(&built.stderr));
    let built = compile(folder.path(), "faulty", true, true);
    assert!(built.status.success(), "{}", text(&built.stderr));

    let clean = look_at(&bare);
    assert_eq!(clean.status.code(), Some(0), "{}", text(&clean.stdout));
    let found = look_at(&faulty);
    assert_eq!(found.status.code(), Some(1), "the check must see what is there: {}", text(&found.stdout));
}

#[test]
fn the_check_finds_every_trace_in_the_program_of_the_tests() {
    let found = look_at(Path::new(env!("CARGO_BIN_EXE_usher")));
    assert_eq!(found.status.code(), Some(1), "{}{}", text(&found.stdout), text(&found.stderr));
    for trace in TRACES {
        assert!(text(&found.stdout).contains(trace), "not found: {trace} in\n{}", text(&found.stdout));
    }
    let nothing = look_at(Path::new("/no/such/program"));
    assert_eq!(nothing.status.code(), Some(2), "looking at nothing is no success");
}

#[test]
fn a_build_without_debug_assertions_refuses_the_feature() {
    let folder = tempfile::tempdir().expect("a folder");
    let built = compile(folder.path(), "released", true, false);
    assert!(!built.status.success(), "it was built");
    assert!(text(&built.stderr).contains("a release build never has it"), "{}", text(&built.stderr));
}
