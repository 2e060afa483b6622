//! `usher store check`

use rusqlite::Connection;
use secrecy::ExposeSecret;

use super::{check, counts, town};
use crate::program::on_both_stores;
use crate::support::postgres::cluster;
use crate::support::program::{Data, Program};

on_both_stores!(everything_is_counted_beside_the_program_that_serves);

async fn everything_is_counted_beside_the_program_that_serves(data: &Data<'_>) {
    let program = Program::start(data, &["--demo", "--shards", "2"]);
    let session = town::fill(&program).await;
    let printed = check(data).printed();
    let counts = counts(&printed);
    assert_eq!(counts.len(), 2, "{printed}");
    let sum = |column: usize| counts.iter().map(|shard| shard[column]).sum::<u64>();
    // 8 users of the demo tenant with 11 seats; of its sessions one is live, and it has 3 named seats in use.
    assert_eq!((sum(1), sum(2), sum(3)), (2, 8 + 5_000, 11 + 5_000), "{printed}");
    assert_eq!((sum(4), sum(5)), (1, 3 + 1), "{printed}");
    assert!(sum(6) > 10_000 && sum(7) >= 2, "{printed}");
    assert!(printed.ends_with("\neverything adds up\n"), "{printed}");
    // Nothing was claimed, and nothing is in its way.
    town::is_as_it_was(&program, &session).await;
    program.terminate();
    assert_eq!(program.ended().status.code(), Some(0));
    assert_eq!(super::counts(&check(data).printed()), counts, "the same when it is stopped");
}

#[tokio::test]
async fn what_does_not_add_up_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::Folder(folder.path());
    let program = Program::start(&data, &["--demo"]);
    town::fill(&program).await;
    program.terminate();
    assert_eq!(program.ended().status.code(), Some(0));
    let database = folder.path().join("usher.db");
    let intact = std::fs::read(&database).unwrap();
    for (damage, told) in [
        ("DELETE FROM users WHERE user_id = 'ann@demo.example'", "is not there"),
        ("DELETE FROM tenants WHERE tenant_id = 'crowd'", "a row of tenant number 2, which is not there"),
        ("UPDATE users SET user_id = 'bob@demo.example' WHERE user_id = 'cid@demo.example'", "is there twice"),
        ("UPDATE pools SET pool_no = 9 WHERE pool_id = 'crm'", "pool crm: its number is 9"),
        ("UPDATE sessions SET user_no = 99 WHERE ended IS NULL", "user number 99 is not there"),
        ("UPDATE shards SET last_event_no = last_event_no - 1", "is the last one given"),
        ("UPDATE shards SET last_tenant_no = 1", "its number 2 is above 1"),
        ("UPDATE audit SET user_id = 'who@crowd.example' WHERE event_no = 100", "event 100 is not found by its block"),
        ("UPDATE audit_blocks SET newest_ms = oldest_ms - 1", "is not of the time of its block"),
        ("DELETE FROM audit_blocks WHERE first_event_no = 1", "is in no block, and blocks after it are"),
        ("UPDATE tenants SET policy = '?' WHERE tenant_id = 'crowd'", "policy"),
    ] {
        std::fs::write(&database, &intact).unwrap();
        Connection::open(&database).unwrap().execute_batch(damage).unwrap();
        let ran = check(&data);
        assert_eq!(ran.code, Some(12), "{damage}: {ran:?}");
        assert!(ran.errors.contains(told), "{damage}: {ran:?}");
        assert!(!ran.printed.contains("everything adds up"), "{damage}: {ran:?}");
    }
    // A page in the middle is overwritten: SQLite itself finds it, or nothing can be read.
    let mut damaged = intact.clone();
    let middle = damaged.len() / 4096 / 2 * 4096;
    damaged[middle..middle + 4096].fill(0xa5);
    std::fs::write(&database, &damaged).unwrap();
    let ran = check(&data);
    assert!(ran.code == Some(12) && ran.errors.contains("usher: "), "{ran:?}");
    std::fs::write(&database, &intact).unwrap();
    check(&data).printed();
}

#[tokio::test]
async fn a_store_that_nobody_has_used_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    let url = cluster().database().await;
    for data in [Data::Folder(folder.path()), Data::Postgres(url.expose_secret())] {
        let mut migrate = std::process::Command::new(env!("CARGO_BIN_EXE_usher"));
        match &data {
            Data::Folder(folder) => migrate.args(["migrate", "--data-dir"]).arg(folder),
            Data::Postgres(url) => migrate.arg("migrate").env("DATABASE_URL", url),
        };
        assert!(migrate.output().unwrap().status.success());
        let printed = check(&data).printed();
        assert!(printed.ends_with(": nobody has used it yet\neverything adds up\n"), "{printed}");
    }
}
