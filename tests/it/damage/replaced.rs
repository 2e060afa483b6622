//! Files of the embedded store that are removed, replaced, truncated or overwritten under a running service.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use tonic::{Code, Request};
use usher::proto::v1::CheckOutRequest;
use usher::proto::v1::check_out_response::Outcome;

use super::DAMAGED;
use crate::store_tools::{check, test_data};
use crate::support::program::{Data, Program};

/// Reads `/readyz`: whether the service is ready, and the page with the reason.
fn readiness(program: &Program) -> (bool, String) {
    let mut stream = TcpStream::connect(program.ops).unwrap();
    write!(stream, "GET /readyz HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", program.ops).unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    (page.starts_with("HTTP/1.1 200"), page)
}

async fn becomes(program: &Program, ready: bool) -> String {
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    let becomes = async {
        loop {
            looks.tick().await;
            let (is_ready, page) = readiness(program);
            if is_ready == ready {
                return page;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), becomes).await.unwrap_or_else(|_| panic!("it is not {ready}"))
}

/// Signs in a user who has no session yet; returns the code of the error.
async fn sign_in(program: &Program, user: &str) -> Result<(), Code> {
    let mut login = Request::new(CheckOutRequest {
        tenant_id: "demo".into(),
        pool_id: "primary".into(),
        user_id: format!("{user}@demo.example"),
        device_id: "phone".into(),
        ..CheckOutRequest::default()
    });
    login.set_timeout(Duration::from_secs(2));
    match program.seats().check_out(login).await {
        Ok(answer) => match answer.into_inner().outcome {
            Some(Outcome::Lease(_)) => Ok(()),
            other => panic!("{other:?}"),
        },
        Err(status) => Err(status.code()),
    }
}

async fn started(folder: &Path) -> Program {
    let program = Program::start(&Data::Folder(folder), &["--demo", "--drain-timeout", "2s"]);
    test_data::people(&program).await;
    test_data::sign_in(&program, "ann").await;
    program
}

/// Checks that after the act nothing is acknowledged, that the service reports itself not ready with the reason, and
/// that it ends with the exit code for damage when it is stopped.
async fn acknowledges_nothing_after(what: &str, act: impl Fn(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let program = started(&data).await;
    act(&data);
    let refused = sign_in(&program, "dee").await;
    assert!(
        matches!(refused, Err(Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled)),
        "{what}: {refused:?}"
    );
    let page = becomes(&program, false).await;
    assert!(page.contains("store replaced"), "{what}: {page}");
    assert!(sign_in(&program, "eve").await.is_err(), "{what}");
    program.terminate();
    let ended = program.ended();
    assert_eq!(ended.status.code(), Some(DAMAGED), "{what}: {}", ended.errors);
    assert!(ended.errors.contains("the store is not the one that was opened"), "{what}: {}", ended.errors);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_acknowledged_that_a_restart_would_not_find() {
    for name in ["usher.db", "usher.db-wal", "usher.db-shm"] {
        acknowledges_nothing_after(&format!("{name} is removed"), |data| {
            fs::remove_file(data.join(name)).unwrap();
        })
        .await;
    }
    acknowledges_nothing_after("the log is cut off", |data| truncate(&data.join("usher.db-wal"), 0)).await;
    acknowledges_nothing_after("the log is cut in half", |data| {
        let log = data.join("usher.db-wal");
        truncate(&log, fs::metadata(&log).unwrap().len() / 2);
    })
    .await;
    acknowledges_nothing_after("the database is cut off", |data| truncate(&data.join("usher.db"), 4_096)).await;
    acknowledges_nothing_after("another database is put in its place", |data| {
        fs::copy(data.join("usher.db"), data.join("other.db")).unwrap();
        fs::rename(data.join("other.db"), data.join("usher.db")).unwrap();
    })
    .await;
    acknowledges_nothing_after("the database is written over", |data| {
        let bytes = fs::read(data.join("usher.db")).unwrap();
        fs::write(data.join("usher.db"), bytes).unwrap();
    })
    .await;
    acknowledges_nothing_after("the folder is removed", |data| fs::remove_dir_all(data).unwrap()).await;
}

fn truncate(file: &Path, bytes: u64) {
    fs::OpenOptions::new().write(true).open(file).unwrap().set_len(bytes).unwrap();
}

/// A folder that is moved away, or a disk that is unmounted for a while, does not end the service.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_serves_again_when_the_same_files_are_back() {
    let folder = tempfile::tempdir().unwrap();
    let (data, aside) = (folder.path().join("data"), folder.path().join("aside"));
    let program = started(&data).await;
    fs::rename(&data, &aside).unwrap();
    assert!(sign_in(&program, "dee").await.is_err());
    becomes(&program, false).await;
    fs::rename(&aside, &data).unwrap();
    becomes(&program, true).await;
    sign_in(&program, "eve").await.unwrap();
    program.terminate();
    let ended = program.ended();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.errors);
    check(&Data::Folder(&data)).printed();
}

/// The reason why the service does not end on its own: the files that it holds open have everything that was
/// acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_can_be_taken_from_the_files_that_it_holds_open() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let program = started(&data).await;
    fs::remove_dir_all(&data).unwrap();
    becomes(&program, false).await;
    let rescued = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(format!("/proc/{}/fd", program.id())).unwrap() {
        let file = entry.unwrap().path();
        let Ok(link) = fs::read_link(&file) else { continue };
        for name in ["usher.db", "usher.db-wal"] {
            if link.to_string_lossy() == format!("{} (deleted)", data.join(name).display()) {
                fs::copy(&file, rescued.path().join(name)).unwrap();
            }
        }
    }
    program.kill();
    check(&Data::Folder(rescued.path())).printed();
    let program = Program::start(&Data::Folder(rescued.path()), &[]);
    let users = test_data::live_sessions(&program).await;
    assert_eq!(users, 1, "the session from before is there");
}
