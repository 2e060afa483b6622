//! Tools that are killed halfway can be run again.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::task::block_in_place;

use crate::clients::repository;
use crate::model::rng::Rng;
use crate::store_tools::{check, command, path, ran, test_data};
use crate::support::postgres;
use crate::support::program::{Data, Program, dies_at};

const ABORTED: i32 = 6;

/// The PostgreSQL migrations of the release before, the oldest first.
const MIGRATIONS: [(&str, &str); 4] = [
    ("initial", include_str!("../../../src/store/migrations/postgres/V1__initial.sql")),
    ("notifications", include_str!("../../../src/store/migrations/postgres/V2__notifications.sql")),
    ("tokens", include_str!("../../../src/store/migrations/postgres/V3__tokens.sql")),
    ("secret", include_str!("../../../src/store/migrations/postgres/V4__secret.sql")),
];

/// The number of PostgreSQL migrations of this release.
fn migrations() -> u64 {
    std::fs::read_dir(repository().join("src/store/migrations/postgres")).unwrap().count() as u64
}

/// A stopped store with rows in every table, except blocks of the audit.
async fn source() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&Data::Folder(folder.path()), &["--demo", "--shards", "2"]);
    test_data::people(&program).await;
    program.terminate();
    assert_eq!(program.ended().status.code(), Some(0));
    folder
}

/// Runs a command that dies when it passes a failpoint for the `pass`th time.
fn killed_at(command: &mut Command, failpoint: &str, pass: u64) {
    let command = command.env("FAILPOINTS", dies_at(failpoint, pass)).stdout(Stdio::null()).stderr(Stdio::null());
    let ended = command.status().unwrap();
    assert_eq!(ended.signal(), Some(ABORTED), "{failpoint}, pass {pass}: {ended}");
}

fn copying(folder: &Path, url: &str) -> Command {
    command(&["copy", "--from", path(folder)], Some(url))
}

fn copies(folder: &Path, url: &str, when: &str) {
    let again = block_in_place(|| ran(&mut copying(folder, url)));
    assert_eq!(again.code, Some(0), "killed at {when}, it cannot be run again: {again:?}");
    assert!(again.printed.contains("both stores hold the same data"), "{again:?}");
    block_in_place(|| check(&Data::Postgres(url))).printed();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_was_killed_anywhere_can_be_run_again() {
    let folder = source().await;
    let schema = (1..=migrations()).map(|pass| ("between-migrations", pass));
    let copy = [("migrating", 1), ("migrating", 2), ("copying", 1), ("copying", 4), ("before-copied", 1)];
    for (failpoint, pass) in schema.chain(copy) {
        let url = postgres::cluster().database().await;
        killed_at(&mut copying(folder.path(), url.expose_secret()), failpoint, pass);
        copies(folder.path(), url.expose_secret(), &format!("{failpoint}, pass {pass}"));
    }
    // This copy was complete when it was killed, and had not reported it: the next one reports what is there.
    let url = postgres::cluster().database().await;
    let url = url.expose_secret();
    killed_at(&mut copying(folder.path(), url), "after-copied", 1);
    let again = block_in_place(|| ran(&mut copying(folder.path(), url))).refused(1);
    assert!(again.contains("the database holds an installation already ("), "{again}");
    block_in_place(|| check(&Data::Postgres(url))).printed();
}

/// A copy by the release before created the schema in several transactions, and left those that were done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_goes_into_what_an_older_copy_left_of_the_schema() {
    let folder = source().await;
    for done in 0..=MIGRATIONS.len() {
        let url = postgres::cluster().database().await;
        let client = postgres::connect(url.expose_secret()).await;
        let history = "CREATE TABLE refinery_schema_history(version INT4 PRIMARY KEY, name VARCHAR(255),
            applied_on VARCHAR(255), checksum VARCHAR(255))";
        client.batch_execute(history).await.unwrap();
        for (version, (name, sql)) in (1..).zip(&MIGRATIONS[..done]) {
            client.batch_execute(sql).await.unwrap();
            let line = format!("INSERT INTO refinery_schema_history VALUES ({version}, '{name}', '', '')");
            client.batch_execute(&line).await.unwrap();
        }
        copies(folder.path(), url.expose_secret(), &format!("version {done}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_was_killed_at_any_time_can_be_run_again() {
    let folder = source().await;
    let mut rng = Rng::new(1);
    for _ in 0..8 {
        let url = postgres::cluster().database().await;
        let mut copy = copying(folder.path(), url.expose_secret());
        let mut copy = copy.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let ends = async {
            let mut looks = tokio::time::interval(Duration::from_millis(1));
            while copy.try_wait().unwrap().is_none() {
                looks.tick().await;
            }
        };
        let done = tokio::time::timeout(Duration::from_micros(rng.below(400_000)), ends).await.is_ok();
        let _ = copy.kill();
        let ended = copy.wait().unwrap();
        let again = block_in_place(|| ran(&mut copying(folder.path(), url.expose_secret())));
        // The copy may be complete if its COMMIT was under way.
        let complete = again.code == Some(1) && again.errors.contains("holds an installation already");
        assert!(again.code == Some(0) || complete, "{done}, {ended}: {again:?}");
        block_in_place(|| check(&Data::Postgres(url.expose_secret()))).printed();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_was_killed_can_be_run_again() {
    let folder = source().await;
    let target = tempfile::tempdir().unwrap();
    let to = target.path().join("usher-1.db");
    let backing_up = || command(&["backup", "--data-dir", path(folder.path()), "--to", path(&to)], None);
    killed_at(&mut backing_up(), "backed-up", 1);
    assert!(!to.exists(), "it has its name when it is complete");
    ran(&mut backing_up()).printed();
    let names: Vec<_> = std::fs::read_dir(target.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["usher-1.db"], "nothing is left of the one that was killed");
    let restored = tempfile::tempdir().unwrap();
    std::fs::copy(&to, restored.path().join("usher.db")).unwrap();
    check(&Data::Folder(restored.path())).printed();
}

#[test]
fn a_key_that_was_not_written_to_its_end_is_not_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let keygen = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
        command.env_clear().args(["license", "keygen", "--out"]).arg(folder.path().join("vendor.pem"));
        command
    };
    killed_at(&mut keygen(), "file-written", 1);
    let again = ran(&mut keygen());
    assert_eq!(again.code, Some(0), "{again:?}");
    let mut names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["vendor.jwks", "vendor.pem"]);
}

/// The first start and the demo tenant, killed before and after each of their batches.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_start_that_was_killed_is_completed_by_the_next_one() {
    for (pass, failpoint) in (1..=14).step_by(2).flat_map(|pass| [(pass, "before-commit"), (pass, "after-commit")]) {
        if pass % 4 == 1 {
            let url = postgres::cluster().database().await;
            first_start(&Data::Postgres(url.expose_secret()), &dies_at("after-commit", pass)).await;
        }
        let folder = tempfile::tempdir().unwrap();
        first_start(&Data::Folder(folder.path()), &dies_at(failpoint, pass)).await;
    }
}

async fn first_start(data: &Data<'_>, failpoints: &str) {
    match block_in_place(|| Program::launch(data, &["--demo"], &[("FAILPOINTS", failpoints)])) {
        // The program serves before it has made that many commits.
        Ok(program) => program.kill(),
        Err(ended) => assert_eq!(ended.status.signal(), Some(ABORTED), "{failpoints}: {ended:?}"),
    }
    let program = Program::start(data, &["--demo"]);
    test_data::people(&program).await;
    test_data::sign_in(&program, "ann").await;
    program.terminate();
    assert_eq!(program.ended().status.code(), Some(0), "{failpoints}");
    block_in_place(|| check(data)).printed();
}
