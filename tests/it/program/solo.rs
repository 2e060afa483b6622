//! `--solo`: a process that serves alone, or not at all.

use std::time::Duration;

use tokio::time::Instant;

use secrecy::ExposeSecret;

use super::{check_out, start, tenant_with_users, usage, users};
use crate::support::postgres;
use crate::support::program::{Data, Program};

/// Exit code of a process that would not be alone.
const NOT_ALONE: i32 = 8;
/// More than the time after which a process counts as dead.
const PATIENCE: Duration = Duration::from_secs(12);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_beside_a_member_is_refused_and_disturbs_nobody() {
    let url = postgres::cluster().database().await;
    let data = Data::Postgres(url.expose_secret());
    let first = start(&data, 1);
    let users = users(1);
    tenant_with_users(&first, "acme", &users).await;
    let began = Instant::now();
    let ended = Program::fails(&data, &["--solo"]);
    assert_eq!(ended.status.code(), Some(NOT_ALONE), "{}", ended.errors);
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let text = format!("--solo: another process serves from this database, on host {host}");
    assert!(ended.errors.contains(&text), "{}", ended.errors);
    assert!(began.elapsed() < PATIENCE);
    check_out(&mut first.seats(), &users[0]).await.unwrap();
    assert_eq!(usage(&first).await.in_use, 1);
    let client = postgres::connect(url.expose_secret()).await;
    assert_eq!(client.query("SELECT FROM nodes", &[]).await.unwrap().len(), 1, "it left");
    let claims: i64 = client.query_one("SELECT max(epoch) FROM owners", &[]).await.unwrap().get(0);
    assert_eq!(claims, 1, "it claimed nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_after_a_process_that_was_killed_waits_until_that_is_sure() {
    let url = postgres::cluster().database().await;
    let data = Data::Postgres(url.expose_secret());
    let elsewhere = tempfile::tempdir().unwrap();
    start(&data, 1).kill();
    // Its lock file says at once that it is gone.
    let began = Instant::now();
    Program::start(&data, &["--solo"]).kill();
    let soon = began.elapsed();
    // Another machine has no lock file.
    let folder = elsewhere.path().to_str().unwrap();
    let began = Instant::now();
    let third = Program::launch(&data, &["--solo"], &[("USHER_STATE_DIR", folder)]).unwrap();
    assert!(soon < began.elapsed() && began.elapsed() < PATIENCE, "{soon:?}, {:?}", began.elapsed());
    third.terminate();
    assert!(third.ended().status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_loses_a_shard_ends() {
    let url = postgres::cluster().database().await;
    let data = Data::Postgres(url.expose_secret());
    let solo = Program::start(&data, &["--solo", "--demo-seats", "1"]);
    tenant_with_users(&solo, "acme", &users(1)).await;
    solo.freeze();
    let next = start(&data, 1);
    // Its shards go to the other one as soon as it is known to be dead.
    let client = postgres::connect(url.expose_secret()).await;
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    while client.query_one("SELECT min(epoch) FROM owners", &[]).await.unwrap().get::<_, i64>(0) < 2 {
        looks.tick().await;
    }
    solo.thaw();
    let ended = solo.ended();
    assert_eq!(ended.status.code(), Some(NOT_ALONE), "{}", ended.errors);
    assert!(!ended.errors.contains("panicked"), "{}", ended.errors);
    assert_eq!(usage(&next).await.in_use, 0);
}
