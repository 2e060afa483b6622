//! Files in the data folder that are not a store of Usher.

use std::fs;
use std::os::unix::fs::FileExt;

use rusqlite::Connection;

use super::{DAMAGED, copy, is_damaged};
use crate::support::program::{Data, Program};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_database_ends_a_start() {
    let folder = copy().await;
    let (data, file) = (Data::Folder(folder.path()), folder.path().join("usher.db"));
    let intact = fs::read(&file).unwrap();

    fs::write(&file, "shopping list: milk, eggs, bread".repeat(200)).unwrap();
    is_damaged(&data, "usher.db: is not a database of SQLite");
    fs::write(&file, &intact[..50]).unwrap();
    is_damaged(&data, "usher.db: is not a database of SQLite");
    fs::write(&file, &intact[..intact.len() / 2]).unwrap();
    is_damaged(&data, "usher.db: is cut off");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    is_damaged(&data, "usher.db: is not a file");
    fs::remove_dir(&file).unwrap();

    // The log of a database that is gone: creating a new database would make it useless.
    for empty in [false, true] {
        fs::write(folder.path().join("usher.db-wal"), [7; 4_096]).unwrap();
        if empty {
            fs::write(&file, "").unwrap();
        }
        is_damaged(&data, "usher.db: is missing or empty, and its log");
        assert_eq!(fs::read(folder.path().join("usher.db-wal")).unwrap(), [7; 4_096]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("usher.db");
    let database = Connection::open(&file).unwrap();
    database.execute_batch("CREATE TABLE songs (title TEXT); INSERT INTO songs VALUES ('Hey')").unwrap();
    database.close().unwrap();
    let before = fs::read(&file).unwrap();
    is_damaged(&Data::Folder(folder.path()), "the database of another program, with the tables songs");
    assert_eq!(fs::read(&file).unwrap(), before, "nothing was written into it");
}

/// Overwrites each page in turn: a start that reads it reports it, and one that does not read it may serve. None
/// panics.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_page_may_be_overwritten() {
    let folder = copy().await;
    let file = folder.path().join("usher.db");
    let intact = fs::read(&file).unwrap();
    let mut found = 0;
    let pages = intact.len() / 4_096;
    for page in 0..pages {
        fs::write(&file, &intact).unwrap();
        let damaged = fs::OpenOptions::new().write(true).open(&file).unwrap();
        damaged.write_all_at(&[0xa5; 2_048], page as u64 * 4_096 + 1_024 * (page as u64 % 3)).unwrap();
        drop(damaged);
        match Program::launch(&Data::Folder(folder.path()), &[], &[]) {
            Ok(program) => {
                program.terminate();
                let ended = program.ended();
                assert!(matches!(ended.status.code(), Some(0 | DAMAGED)), "page {page}: {}", ended.errors);
            }
            Err(ended) => {
                assert_eq!(ended.status.code(), Some(DAMAGED), "page {page}: {}", ended.errors);
                assert!(!ended.errors.contains("panicked"), "page {page}: {}", ended.errors);
                found += 1;
            }
        }
    }
    assert!(found * 2 > pages, "{found} of {pages} were found");
}

/// No new store is created where there was a store whose database is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_gone_is_not_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::Folder(folder.path());
    let program = Program::start(&data, &[]);
    program.terminate();
    assert_eq!(program.ended().status.code(), Some(0));
    let file = folder.path().join("usher.db");
    for empty in [false, true] {
        fs::remove_file(&file).unwrap();
        if empty {
            fs::write(&file, "").unwrap();
        } else {
            is_damaged(&data, "usher.db: is missing or empty, and this folder held the store of installation");
            assert!(!file.exists());
            fs::write(&file, "").unwrap();
        }
        is_damaged(&data, "usher.db: is missing or empty, and this folder held the store of installation");
    }
    fs::remove_file(folder.path().join("usher.lock")).unwrap();
    let program = Program::start(&data, &[]);
    program.terminate();
    assert_eq!(program.ended().status.code(), Some(0));
}
