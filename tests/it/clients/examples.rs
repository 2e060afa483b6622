//! The example login services print what they promise, against the real program.

use std::path::Path;
use std::process::Command;

use super::{Demo, Ran, python, repository};

/// Output of both examples, without session ids.
const PLAYED: [&str; 10] = [
    "wrong password; Usher is not asked",
    "yes: lands in \"north\", session ",
    "heartbeat, active: true",
    "no, DENIAL_REASON_ALREADY_SIGNED_IN: You are signed in on laptop. Sign out there first.",
    "no, DENIAL_REASON_USER_NOT_FOUND: Ask your administrator for a seat.",
    "an administrator closes bob's session",
    "bob's session has ended, SESSION_END_REASON_CLOSED: he is signed out",
    "seat returned: true",
    "undecided, ",
    "dee is let in: ",
];

fn assert_played(text: &str, let_in: bool) {
    let mut rest = text;
    for line in PLAYED {
        let Some((_, after)) = rest.split_once(line) else { panic!("{line:?} is missing, or too early, in\n{text}") };
        rest = after;
    }
    assert_eq!(rest.trim(), let_in.to_string(), "{text}");
}

#[test]
fn the_login_service_in_rust() {
    let demo = Demo::start();
    // `cargo test` builds the examples beside the program; `cargo test --test it` does not.
    let example = Path::new(env!("CARGO_BIN_EXE_usher")).with_file_name("examples").join("login_service");
    assert!(example.exists(), "run 'cargo build --examples': {} is missing", example.display());
    let ran = Ran::new(Command::new(example).arg(format!("http://{}", demo.address())));
    assert_played(&ran.text(), false);
}

#[test]
fn the_login_service_in_python() {
    let demo = Demo::start();
    // Runs in a copy, so that the generated stubs do not land in the source tree.
    let copy = tempfile::tempdir().unwrap();
    let folder = copy.path().join("examples/python");
    std::fs::create_dir_all(&folder).unwrap();
    for file in ["generate_stubs.py", "login_service.py"] {
        std::fs::copy(repository().join("examples/python").join(file), folder.join(file)).unwrap();
    }
    std::os::unix::fs::symlink(repository().join("proto"), copy.path().join("proto")).unwrap();
    Ran::new(&mut python(&folder.join("generate_stubs.py"))).text();
    let ran = Ran::new(python(&folder.join("login_service.py")).args(["--address", &demo.address(), "--fail-open"]));
    assert_played(&ran.text(), true);
}
