//! The limit of open files: it is raised as far as possible, and where that is not enough, the log says so.

use std::fs;

use super::*;

/// Starts the program in a shell with other limits.
fn under(limits: &str, options: &[&str]) -> (TempDir, Program) {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start_after(limits, &Data::Folder(folder.path()), options);
    (folder, program)
}

fn soft_limit(program: &Program) -> String {
    let limits = fs::read_to_string(format!("/proc/{}/limits", program.id())).unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).expect("it is listed");
    line.split_whitespace().next().expect("a number").to_owned()
}

fn log(program: Program) -> String {
    program.terminate();
    program.ended().errors
}

#[tokio::test]
async fn the_soft_limit_of_open_files_is_raised() {
    let (_folder, program) = under("ulimit -Sn 64; ulimit -Hn 700", &["--max-connections", "400"]);
    assert_eq!(soft_limit(&program), "700");
    let log = log(program);
    assert!(!log.contains("open files"), "{log}");
}

#[tokio::test]
async fn a_hard_limit_that_is_too_low_is_told_and_bounds_the_connections() {
    let (_folder, program) = under("ulimit -n 600", &[]);
    // 600 files, less 257 for the program itself.
    let mut sockets = Vec::new();
    for _ in 0..343 {
        sockets.push(wire::connect(program.api).await);
    }
    let mut refused = wire::connect(program.api).await;
    assert_eq!(soon(refused.read(&mut [0; 1])).await.unwrap_or(0), 0, "one too many is closed at once");
    drop(sockets);
    let log = log(program);
    let warning =
        "open files: room for 343 connections, not for --max-connections 16384; raise the hard limit to 16641";
    assert!(log.contains(warning), "{log}");
}
