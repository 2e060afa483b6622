//! Refusals of `usher store`, and their exit codes.

use std::process::Command;

use secrecy::ExposeSecret;

use super::{backup, check, command, copy, path, ran};
use crate::support::disk::Disk;
use crate::support::postgres;
use crate::support::program::{Data, Program};

/// A database URL at which no server listens.
const UNREACHABLE: &str = "postgres://usher:hush@127.0.0.1:1/usher?sslmode=disable";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_served_from_is_not_copied() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&Data::Folder(folder.path()), &["--demo"]);
    let said = copy(folder.path(), UNREACHABLE).refused(5);
    assert!(said.contains(&format!("in use by another process (pid {})", program.id())), "{said}");
    program.kill();
    let said = copy(folder.path(), UNREACHABLE).refused(3);
    assert!(said.contains("127.0.0.1:1") && !said.contains("hush"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_was_used_is_not_copied_into() {
    let folder = tempfile::tempdir().unwrap();
    Program::start(&Data::Folder(folder.path()), &["--demo"]).kill();
    let url = postgres::cluster().database().await;
    let url = url.expose_secret();
    Program::start(&Data::Postgres(url), &["--demo"]).kill();
    let before = check(&Data::Postgres(url)).printed();
    let said = copy(folder.path(), url).refused(1);
    assert!(said.starts_with("--to-url: the database holds an installation already ("), "{said}");
    assert!(said.ends_with("): a copy goes into an empty database"), "{said}");
    assert_eq!(check(&Data::Postgres(url)).printed(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_of_another_release_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::Folder(folder.path());
    Program::start(&data, &["--demo"]).kill();
    let url = postgres::cluster().database().await;
    let url = url.expose_secret();
    Program::start(&Data::Postgres(url), &["--demo"]).kill();
    let sqlite = rusqlite::Connection::open(folder.path().join("usher.db")).unwrap();
    let client = postgres::connect(url).await;
    for (version, code, reason) in [
        ("(SELECT max(version) + 1 FROM refinery_schema_history)", 6, "use the newer program"),
        ("1", 7, "run `usher migrate`"),
    ] {
        let change = format!(
            "UPDATE refinery_schema_history SET version = {version}
             WHERE version = (SELECT max(version) FROM refinery_schema_history)"
        );
        let forget =
            "DELETE FROM refinery_schema_history WHERE version < (SELECT max(version) FROM refinery_schema_history)";
        sqlite.execute_batch(&format!("{forget}; {change}")).unwrap();
        // PostgreSQL's schema says which programs may serve from it.
        let newest = format!("UPDATE compatibility SET oldest_program = {version}");
        client.batch_execute(&format!("{newest}; {forget}; {change}")).await.unwrap();
        let to = folder.path().join("copy.db");
        for ran in
            [check(&data), check(&Data::Postgres(url)), backup(folder.path(), &to), copy(folder.path(), UNREACHABLE)]
        {
            let said = ran.refused(code);
            assert!(said.contains(reason), "{said}");
        }
        assert!(!to.exists());
    }
}

#[test]
fn a_store_that_is_not_there_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = folder.path().join("nothing");
    let to = folder.path().join("copy.db");
    for ran in [check(&Data::Folder(&nothing)), backup(&nothing, &to), copy(&nothing, UNREACHABLE)] {
        let said = ran.refused(3);
        assert!(said.contains(&format!("no store in {}: usher.db", nothing.display())), "{said}");
    }
    assert!(!nothing.exists() && !to.exists());
    assert!(check(&Data::Postgres(UNREACHABLE)).refused(3).contains("usher@127.0.0.1:1/usher"));
    // A new store without an installation is backed up all the same.
    let migrated = Command::new(env!("CARGO_BIN_EXE_usher")).args(["migrate", "--data-dir"]).arg(&nothing).output();
    assert!(migrated.unwrap().status.success());
    backup(&nothing, &to).printed();
}

#[test]
fn a_command_that_is_wrong_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let from = path(folder.path());
    let said = ran(&mut command(&["copy", "--from", from], None)).refused(2);
    assert!(said.ends_with("--to-url: is missing, and so are USHER_DATABASE_URL and DATABASE_URL"), "{said}");
    let said = ran(&mut command(&["copy", "--from", from, "--to-url", "hush"], None)).refused(2);
    assert!(said.contains("--to-url: the database URL must look like") && !said.contains("hush"), "{said}");
    let said = ran(&mut command(&["backup", "--to", "copy.db"], Some(UNREACHABLE))).refused(2);
    assert!(said.contains("is for the embedded store") && said.contains("pg_dump"), "{said}");
    let said = ran(&mut command(&["check", "--data-dir", from], Some(UNREACHABLE))).refused(2);
    assert!(said.contains("both are given, choose one"), "{said}");
    let secret = folder.path().join("url");
    std::fs::write(&secret, UNREACHABLE).unwrap();
    let mut by_file = command(&["check"], None);
    assert!(ran(by_file.env("DATABASE_URL_FILE", &secret)).refused(3).contains("usher@127.0.0.1:1/usher"));
}

#[test]
fn a_disk_without_room_gets_no_backup() {
    let folder = tempfile::tempdir().unwrap();
    Program::start(&Data::Folder(folder.path()), &["--demo"]).kill();
    let disk = Disk::new("1m");
    let to = disk.path().join("copy.db");
    let attempt = || {
        let mut command = command(&["backup", "--data-dir", path(folder.path()), "--to", path(&to)], None);
        ran(command.envs(disk.environment()))
    };
    disk.fill();
    let said = attempt().refused(1);
    assert!(said.starts_with(&format!("--to: {}: ", to.display())), "{said}");
    assert!(said.contains("full") || said.contains("No space left"), "{said}");
    let left = std::fs::read_dir(disk.path()).unwrap().filter(|entry| entry.as_ref().unwrap().file_name() != "filler");
    assert_eq!(left.count(), 0, "nothing is left of it");
    disk.make_room();
    attempt().printed();
}
