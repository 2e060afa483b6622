//! A database and a log that do not belong together are never served, nor reported to add up (decision 54). And a
//! process that dies leaves files that do belong together.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use tempfile::TempDir;

use super::{DAMAGED, is_damaged};
use crate::store_tools::{backup, check, test_data};
use crate::support::program::{Data, Program, dies_at};

const ABORTED: i32 = 6;
const MISSING: &str = "usher.db-wal is missing or no log";
const ANOTHER: &str = "usher.db-wal is the log of another database, or of this one at another time";

/// Checks that a start and `usher store check` both report this, and change nothing.
fn is_refused(folder: &Path, what: &str) {
    let files = || ["usher.db", "usher.db-wal"].map(|name| fs::read(folder.join(name)).ok());
    let before = files();
    is_damaged(&Data::Folder(folder), what);
    let said = check(&Data::Folder(folder)).refused(DAMAGED);
    assert!(said.contains(what), "{said}");
    assert!(files() == before, "{what}: something was written");
}

/// Serves from the folder, and stops; returns the number of live sessions.
async fn serves(folder: &Path) -> u64 {
    check(&Data::Folder(folder)).printed();
    let program = Program::start(&Data::Folder(folder), &[]);
    let sessions = test_data::live_sessions(&program).await;
    program.terminate();
    let ended = program.ended();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.errors);
    check(&Data::Folder(folder)).printed();
    sessions
}

/// Signs a user in, and kills the program.
async fn lives_and_dies(folder: &Path, user: &str) {
    let program = Program::start(&Data::Folder(folder), &["--demo"]);
    if user == "ann" {
        test_data::people(&program).await;
    }
    test_data::sign_in(&program, user).await;
    program.kill();
}

/// Copies the named files into a folder of their own.
fn taken(from: &Path, names: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        fs::copy(from.join(name), folder.path().join(name)).unwrap();
    }
    folder
}

fn put(from: &Path, to: &Path, names: &[&str]) {
    for name in names {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_without_its_log_is_not_a_whole_one() {
    let folder = tempfile::tempdir().unwrap();
    lives_and_dies(folder.path(), "ann").await;
    let log = folder.path().join("usher.db-wal");

    // The database without its log, in another folder and in its own.
    is_refused(taken(folder.path(), &["usher.db"]).path(), MISSING);
    let both = taken(folder.path(), &["usher.db", "usher.db-wal"]);
    for bytes in [None, Some(vec![]), Some(vec![0; 100_000])] {
        match bytes {
            None => fs::remove_file(&log).unwrap(),
            Some(bytes) => fs::write(&log, bytes).unwrap(),
        }
        is_refused(folder.path(), MISSING);
        let said = backup(folder.path(), &folder.path().join("backup")).refused(DAMAGED);
        assert!(said.contains(MISSING), "{said}");
    }
    put(both.path(), folder.path(), &["usher.db-wal"]);
    assert_eq!(serves(folder.path()).await, 1);
    assert_eq!(serves(both.path()).await, 1, "both files, and nothing else");
    // After an orderly stop the database alone is complete.
    assert_eq!(serves(taken(folder.path(), &["usher.db"]).path()).await, 1);
}

/// The first start's data is in the log, too: no installation is created anew in an existing file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_start_that_was_killed_is_no_empty_store() {
    let folder = tempfile::tempdir().unwrap();
    Program::start(&Data::Folder(folder.path()), &[]).kill();
    is_refused(taken(folder.path(), &["usher.db"]).path(), MISSING);
    fs::remove_file(folder.path().join("usher.db-wal")).unwrap();
    is_refused(folder.path(), MISSING);
}

/// A release without marks left an empty database, and the folder says that it held an installation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_database_is_not_begun_anew_where_there_was_an_installation() {
    let (folder, fresh) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    Program::start(&Data::Folder(folder.path()), &[]).kill();
    let database = rusqlite::Connection::open(fresh.path().join("usher.db")).unwrap();
    database.execute_batch("PRAGMA journal_mode = WAL; PRAGMA user_version = 0").unwrap();
    database.close().unwrap();
    fs::remove_file(folder.path().join("usher.db-wal")).unwrap();
    put(fresh.path(), folder.path(), &["usher.db"]);
    is_damaged(&Data::Folder(folder.path()), "is empty, and this folder held the store of installation");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_log_beside_a_restored_database_is_not_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let program = Program::start(&Data::Folder(folder.path()), &["--demo"]);
    test_data::people(&program).await;
    test_data::sign_in(&program, "ann").await;
    backup(folder.path(), &kept).printed();
    test_data::sign_in(&program, "dee").await;
    program.kill();

    fs::copy(&kept, folder.path().join("usher.db")).unwrap();
    is_refused(folder.path(), ANOTHER);
    for name in ["usher.db-wal", "usher.db-shm"] {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    assert_eq!(serves(folder.path()).await, 1, "as it was when the backup was taken");
    // Also beside a later log of its own.
    lives_and_dies(folder.path(), "dee").await;
    fs::copy(&kept, folder.path().join("usher.db")).unwrap();
    is_refused(folder.path(), ANOTHER);
}

/// Copies of the files that were taken at different times.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_different_times_are_not_put_together() {
    const BOTH: [&str; 2] = ["usher.db", "usher.db-wal"];
    let folder = tempfile::tempdir().unwrap();
    lives_and_dies(folder.path(), "ann").await;
    let first = taken(folder.path(), &BOTH);
    lives_and_dies(folder.path(), "dee").await;
    let second = taken(folder.path(), &BOTH);
    let stopped = taken(folder.path(), &BOTH);
    assert_eq!(serves(stopped.path()).await, 2);

    for (database, log) in [(&first, &second), (&second, &first), (&stopped, &first), (&stopped, &second)] {
        let mixed = taken(database.path(), &["usher.db"]);
        put(log.path(), mixed.path(), &["usher.db-wal"]);
        is_refused(mixed.path(), ANOTHER);
    }
    assert_eq!(serves(first.path()).await, 1);
    assert_eq!(serves(second.path()).await, 2);
}

/// SQLite's shell checkpoints the log into the database, and removes it: nothing is lost, and the start succeeds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_was_brought_into_the_database_is_not_missed() {
    let folder = tempfile::tempdir().unwrap();
    lives_and_dies(folder.path(), "ann").await;
    let database = rusqlite::Connection::open(folder.path().join("usher.db")).unwrap();
    let users: i64 = database.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).unwrap();
    assert!(users > 0);
    database.close().unwrap();
    assert!(!folder.path().join("usher.db-wal").exists());
    assert_eq!(serves(folder.path()).await, 1);
}

/// The process dies where one log ends and the next one begins, in every earlier state of a store: the next start
/// works, and has everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_dies_between_two_logs_leaves_what_belongs_together() {
    for failpoint in ["log-awaited", "log-folded", "log-joined"] {
        for before in ["nothing", "stopped", "killed"] {
            let what = format!("{failpoint}, after {before}");
            let folder = tempfile::tempdir().unwrap();
            if before != "nothing" {
                lives_and_dies(folder.path(), "ann").await;
            }
            if before == "stopped" {
                serves(folder.path()).await;
            }
            // Twice in a row at the same point.
            for _ in 0..2 {
                let death = dies_at(failpoint, 1);
                match Program::launch(&Data::Folder(folder.path()), &["--demo"], &[("FAILPOINTS", &death)]) {
                    Ok(_) => panic!("{what}: it lives"),
                    Err(ended) => assert_eq!(ended.status.signal(), Some(ABORTED), "{what}: {}", ended.errors),
                }
                if before != "nothing" {
                    check(&Data::Folder(folder.path())).printed();
                }
            }
            if before == "nothing" {
                lives_and_dies(folder.path(), "ann").await;
            }
            assert_eq!(serves(folder.path()).await, 1, "{what}");
        }
    }
}
