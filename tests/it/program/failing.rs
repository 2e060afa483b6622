//! Failed starts: each prints one clear line and has its own exit code, without a panic or a backtrace.

use std::net::TcpListener;

use secrecy::ExposeSecret;

use crate::support::postgres;
use crate::support::program::{Data, Ended, Program};

fn check(ended: &Ended, code: i32, said: &str) {
    assert_eq!(ended.status.code(), Some(code), "{}", ended.errors);
    assert!(ended.errors.contains(said), "{said:?} is not in {:?}", ended.errors);
    assert!(!ended.errors.contains("panicked") && !ended.errors.contains("stack backtrace"), "{}", ended.errors);
}

#[test]
fn a_wrong_flag() {
    let folder = tempfile::tempdir().unwrap();
    check(&Program::fails(&Data::Folder(folder.path()), &["--sharts", "1"]), 2, "--sharts");
}

#[test]
fn every_wrong_setting_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let more = ["--drain-timeout", "soon", "--queue-length", "-1"];
    let ended = Program::fails(&Data::Folder(folder.path()), &more);
    check(&ended, 2, "drain-timeout");
    check(&ended, 2, "queue-length");
}

#[test]
fn an_unreachable_database() {
    let ended = Program::fails(&Data::Postgres("postgres://usher:hush@127.0.0.1:1/usher"), &[]);
    check(&ended, 3, "127.0.0.1");
    assert!(!ended.errors.contains("hush"), "the password is nobody's business: {}", ended.errors);
}

#[test]
fn a_busy_port() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = Program::fails_on(&Data::Folder(folder.path()), &address, &[]);
    check(&ended, 4, &address);
}

#[test]
fn a_data_directory_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::Folder(folder.path());
    let _first = Program::start(&data, &[]);
    check(&Program::fails(&data, &[]), 5, folder.path().to_str().unwrap());
}

#[tokio::test]
async fn a_schema_that_is_not_there() {
    let url = postgres::cluster().database().await;
    let ended = Program::fails(&Data::Postgres(url.expose_secret()), &[]);
    check(&ended, 7, "usher migrate");
}
