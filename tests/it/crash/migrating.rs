//! The process dies during a migration: the next start completes the schema, and finds nothing half done.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use secrecy::ExposeSecret;

use crate::model::rng::Rng;
use crate::support::postgres;
use crate::support::program::{Data, Program};

/// Latest time of a kill, in microseconds: `usher migrate` has ended by then.
const WHOLE: u64 = 40_000;
const SEEDS: u64 = 20;

/// The table of schema versions, as refinery creates it.
const HISTORY: &str = "CREATE TABLE refinery_schema_history(version INT4 PRIMARY KEY, name VARCHAR(255),
    applied_on VARCHAR(255), checksum VARCHAR(255))";

/// A running `usher migrate`. Dropping it kills it.
struct Migration(Child);

impl Migration {
    fn start(data: &Data) -> Self {
        Self(command(data).stderr(Stdio::null()).spawn().expect("the program starts"))
    }

    async fn ends(&mut self) {
        let mut looks = tokio::time::interval(Duration::from_millis(1));
        while self.0.try_wait().expect("a child of ours").is_none() {
            looks.tick().await;
        }
    }
}

impl Drop for Migration {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(data: &Data) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    command.arg("migrate").stdin(Stdio::null()).stdout(Stdio::null());
    match data {
        Data::Folder(folder) => command.arg("--data-dir").arg(folder),
        Data::Postgres(url) => command.env("DATABASE_URL", url),
    };
    command
}

/// Completes the migration; then a start with the demo tenant uses every table.
fn completes(data: &Data, when: &str) {
    let output = command(data).output().expect("the program starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "usher migrate, killed {when}, is not completed by the next one: {errors}");
    let program = Program::start(data, &["--demo"]);
    program.terminate();
    let ended = program.ended();
    assert!(ended.status.success(), "killed {when}: {ended:?}");
}

/// Kills `usher migrate` several times on the same store.
async fn dies_at_any_time(data: &Data<'_>, seed: u64) {
    let mut rng = Rng::new(seed);
    for _ in 0..1 + rng.below(3) {
        let mut migration = Migration::start(data);
        let _ = tokio::time::timeout(Duration::from_micros(rng.below(WHOLE)), migration.ends()).await;
    }
    completes(data, &format!("at any time, seed {seed}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_any_time_sqlite() {
    for seed in 0..SEEDS {
        let folder = tempfile::tempdir().unwrap();
        dies_at_any_time(&Data::Folder(folder.path()), seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_any_time_postgres() {
    for seed in 0..SEEDS / 2 {
        let url = postgres::cluster().database().await;
        dies_at_any_time(&Data::Postgres(url.expose_secret()), seed).await;
    }
}

/// A process that dies in a transaction before the write-ahead log exists leaves a rollback journal, which only a
/// writer can roll back.
#[test]
fn a_journal_of_a_database_in_the_making() {
    let (folder, made) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let database = rusqlite::Connection::open(made.path().join("usher.db")).unwrap();
    // SQLite writes pages into the file before the end of the transaction.
    let begin = "PRAGMA cache_size = 1; PRAGMA cache_spill = 1; CREATE TABLE filler (x); DROP TABLE filler;
        BEGIN IMMEDIATE; CREATE TABLE half (x);
        INSERT INTO half SELECT randomblob(4000) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
            LIMIT 100) SELECT i FROM n)";
    database.execute_batch(begin).unwrap();
    for file in ["usher.db", "usher.db-journal"] {
        std::fs::copy(made.path().join(file), folder.path().join(file)).unwrap();
    }
    completes(&Data::Folder(folder.path()), "with a journal beside the database");
}

/// The schema and its version are one transaction: if the version cannot be recorded, the schema is not there either,
/// and the next start can create it.
#[test]
fn a_version_that_cannot_be_noted() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::Folder(folder.path());
    let database = rusqlite::Connection::open(folder.path().join("usher.db")).unwrap();
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON refinery_schema_history BEGIN SELECT RAISE(ABORT, 'no'); END";
    database.execute_batch(&format!("{HISTORY}; {refuse}")).unwrap();
    assert!(!command(&data).output().unwrap().status.success(), "its version cannot be noted");
    database.execute_batch("DROP TRIGGER refuse").unwrap();
    drop(database);
    completes(&data, "before its version was noted");
}

/// Dies in the middle of a migration, for certain: another transaction is creating a table of the same name, for which
/// the migration waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_middle_of_a_migration() {
    dies_where_it_waits_for("", "CREATE TABLE audit (x integer)").await;
}

/// Dies when the schema is created, and its version is not recorded yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_the_version_is_noted() {
    dies_where_it_waits_for(HISTORY, "LOCK TABLE refinery_schema_history IN SHARE MODE").await;
}

async fn dies_where_it_waits_for(before: &str, lock: &str) {
    let url = postgres::cluster().database().await;
    let data = Data::Postgres(url.expose_secret());
    let other = postgres::connect(url.expose_secret()).await;
    other.batch_execute(before).await.unwrap();
    other.batch_execute(&format!("BEGIN; {lock}")).await.unwrap();
    let migration = Migration::start(&data);
    let watch = postgres::connect(url.expose_secret()).await;
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let mut looks = tokio::time::interval(Duration::from_millis(5));
    let waiting = async {
        while watch.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            looks.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("the migration comes to the lock");
    drop(migration);
    other.batch_execute("ROLLBACK").await.unwrap();
    completes(&data, lock);
}
