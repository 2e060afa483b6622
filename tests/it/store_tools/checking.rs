//! `usher store check` of intact stores and of damaged ones.

use rusqlite::Connection;
use secrecy::ExposeSecret;

use super::{check, counts, test_data};
use crate::program::on_both_stores;
use crate::support::postgres::cluster;
use crate::support::program::{Data, Program};

on_both_stores!(everything_is_counted_beside_the_program_that_serves);

async fn everything_is_counted_beside_the_program_that_serves(data: &Data<'_>) {
    let program = Program::start(data, &["--demo", "--shards", "2"]);
    let session = test_data::fill(&program).await;
    let printed = check(data).printed();
    let counts = counts(&printed);
    assert_eq!(counts.len(), 2, "{printed}");
    let sum = |column: usize| counts.iter().map(|shard| shard[column]).sum::<u64>();
    // 8 users of the demo tenant with 11 seats; one of its sessions is live, and 3 of its named seats are in use.
    assert_eq!((sum(1), sum(2), sum(3)), (2, 8 + 5_000, 11 + 5_000), "{printed}");
    assert_eq!((sum(4), sum(5)), (1, 3 + 1), "{printed}");
    assert!(sum(6) > 10_000 && sum(7) >= 2, "{printed}");
    assert!(printed.ends_with("\neverything adds up\n"), "{printed}");
    // The check claimed no shard, and the program goes on as before.
    test_data::is_as_it_was(&program, &session).await;
    program.terminate();
    assert_eq!(program.ended().status.code(), Some(0));
    assert_eq!(super::counts(&check(data).printed()), counts, "the same when it is stopped");
}

/// Damages of a store, in SQL for both kinds of store, and the text that the check must print.
const DAMAGES: [(&str, &str); 50] = [
    // Missing tables and rows.
    ("DELETE FROM installation", "installation: the row is not there"),
    ("DELETE FROM shards", "shards (shard_id 0): the row is not there"),
    ("DELETE FROM audit_floor", "audit_floor (shard_id 0): the row is not there"),
    ("DELETE FROM tenants", "a row of tenant number 1, which is not there"),
    ("DELETE FROM licenses", "licenses (tenant_no 1): the row that event"),
    ("DELETE FROM pools", "is not there"),
    ("DELETE FROM organizations", "organization number 1 is not there"),
    ("DELETE FROM users", "user number 0 is not there"),
    ("DELETE FROM seats", "seats (tenant_no 1): the row that event"),
    ("DELETE FROM sessions", "sessions (tenant_no 1): the row that event"),
    ("DELETE FROM notifications", "notifications (tenant_no 1): the row that event"),
    ("DELETE FROM tokens", "tokens (tenant_no 0): the row that event"),
    ("DELETE FROM audit", "audit: events 1 to "),
    ("DELETE FROM audit_blocks", "events are behind the last block: a block is missing"),
    ("DELETE FROM audit WHERE event_no BETWEEN 3000 AND 6999", "audit: events 3000 to 6999 are missing"),
    ("DELETE FROM audit WHERE event_no = 10", "audit: event 10 is missing"),
    ("DELETE FROM audit WHERE event_no > (SELECT max(event_no) - 3 FROM audit)", "are missing"),
    ("DELETE FROM audit_blocks WHERE first_event_no = 1", "is in no block, and blocks after it are"),
    ("DELETE FROM audit WHERE event_no < 5000", "audit: events 1 to 4999 are missing"),
    ("DELETE FROM users WHERE user_id = 'ann@demo.example'", "is not there"),
    ("DELETE FROM tenants WHERE tenant_id = 'crowd'", "a row of tenant number 2, which is not there"),
    ("DELETE FROM seats WHERE user_no = 77", "seats (tenant_no 2): the row that event"),
    (
        "DELETE FROM seats WHERE tenant_no = 2; DELETE FROM users WHERE tenant_no = 2",
        "users (tenant_no 2): the row that",
    ),
    // Wrong numbers.
    ("UPDATE shards SET last_event_no = last_event_no - 1", "is the last one given"),
    ("UPDATE shards SET last_event_no = last_event_no + 1", "is missing"),
    ("UPDATE shards SET last_tenant_no = 1", "its number 2 is above 1"),
    ("UPDATE shards SET last_tenant_no = 3", "last_tenant_no is 3, and 2 is the last tenant that was made"),
    ("UPDATE shards SET tick_ms = tick_ms - 100000000", "and the shard stands at"),
    ("UPDATE shards SET epoch = -1", "epoch is out of range"),
    ("UPDATE audit SET count = 5 WHERE event_no = 100", "audit: event 100 stands for 5 events"),
    ("UPDATE audit_floor SET first_event_no = 50", "audit: event 1 stands after event 49"),
    ("UPDATE installation SET shards = 2", "shards (shard_id 1): the row is not there"),
    ("UPDATE pools SET pool_no = 9 WHERE pool_id = 'crm'", "pool crm: its number is 9"),
    ("UPDATE sessions SET user_no = 99 WHERE ended IS NULL", "user number 99 is not there"),
    ("UPDATE sessions SET shard_id = 7", "sessions: "),
    // Wrong contents of rows.
    ("UPDATE tenants SET state = 1 WHERE tenant_no = 2", "tenants (tenant_no 2): it is Suspended, and event"),
    ("UPDATE users SET blocked = 1 WHERE user_no = 70", "users (tenant_no 2, number 70): the row is not as event"),
    ("UPDATE sessions SET ended = NULL, ended_reason = NULL", "the row is not as event"),
    ("UPDATE sessions SET ended = started, ended_reason = 1 WHERE ended IS NULL", "the row is not as event"),
    ("UPDATE sessions SET ended_reason = 3 WHERE ended IS NOT NULL", "the row is not as event"),
    ("UPDATE tokens SET revoked_ms = 5", "tokens (tenant_no 0): the row is not as event"),
    ("UPDATE notifications SET cleared = KEPT", "notifications (tenant_no 1): the row is not as event"),
    ("UPDATE licenses SET standing = 3", "licenses (tenant_no 1): the row is not as event"),
    ("UPDATE users SET user_id = 'bob@demo.example' WHERE user_id = 'cid@demo.example'", "is there twice"),
    ("UPDATE users SET user_id = 'new@demo.example' WHERE user_id = 'cid@demo.example'", "no event mentions the row"),
    ("UPDATE tenants SET policy = '?' WHERE tenant_id = 'crowd'", "policy"),
    // Two rows that change places.
    (
        "UPDATE sessions SET user_no = user_no + 1000 WHERE user_no < 2;
      UPDATE sessions SET user_no = 1001 - user_no WHERE user_no >= 1000",
        "the row is not as event",
    ),
    (
        "UPDATE audit SET event_no = -event_no WHERE event_no IN (2001, 2501);
      UPDATE audit SET event_no = 4502 + event_no WHERE event_no < 0",
        "did not give the seat that says so",
    ),
    // A wrong index of the audit.
    ("UPDATE audit SET user_id = 'who@crowd.example' WHERE event_no = 100", "event 100 is not found by its block"),
    ("UPDATE audit_blocks SET newest_ms = oldest_ms - 1", "is not of the time of its block"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_add_up_is_told_of_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::Folder(folder.path());
    let program = Program::start(&data, &["--demo"]);
    test_data::fill(&program).await;
    program.terminate();
    assert_eq!(program.ended().status.code(), Some(0));
    let database = folder.path().join("usher.db");
    let intact = std::fs::read(&database).unwrap();
    let mut wrong = Vec::new();
    for (damage, reason) in DAMAGES {
        std::fs::write(&database, &intact).unwrap();
        let connection = Connection::open(&database).unwrap();
        connection.execute_batch(&damage.replace("KEPT", "1 - cleared")).unwrap();
        connection.close().unwrap();
        wrong.extend(not_reported(damage, reason, &check(&data)));
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    // An overwritten page in the middle: SQLite itself reports it, or nothing can be read.
    let mut damaged = intact.clone();
    let middle = damaged.len() / 4096 / 2 * 4096;
    damaged[middle..middle + 4096].fill(0xa5);
    std::fs::write(&database, &damaged).unwrap();
    let ran = check(&data);
    assert!(ran.code == Some(12) && ran.errors.contains("usher: "), "{ran:?}");
    std::fs::write(&database, &intact).unwrap();
    check(&data).printed();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_add_up_is_told_of_postgresql() {
    let kept = cluster().database().await;
    let program = Program::start(&Data::Postgres(kept.expose_secret()), &["--demo", "--shards", "1"]);
    test_data::fill(&program).await;
    program.terminate();
    assert_eq!(program.ended().status.code(), Some(0));
    let client = crate::support::postgres::connect(kept.expose_secret()).await;
    let data = Data::Postgres(kept.expose_secret());
    // Damaged tables are restored from copies.
    let tables = ["installation", "shards", "audit_floor", "tenants", "licenses", "pools", "organizations", "users"];
    let tables = [&tables[..], &["seats", "sessions", "notifications", "tokens", "audit", "audit_blocks"]].concat();
    for table in &tables {
        client.batch_execute(&format!("CREATE TABLE {table}_kept AS TABLE {table}")).await.unwrap();
    }
    let mut wrong = Vec::new();
    for (damage, reason) in DAMAGES {
        client.batch_execute(&damage.replace("KEPT", "NOT cleared")).await.unwrap();
        wrong.extend(not_reported(damage, reason, &tokio::task::block_in_place(|| check(&data))));
        for table in tables.iter().filter(|table| damage.contains(**table)) {
            let again = format!("TRUNCATE {table}; INSERT INTO {table} SELECT * FROM {table}_kept");
            client.batch_execute(&again).await.unwrap();
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    tokio::task::block_in_place(|| check(&data)).printed();
}

fn not_reported(damage: &str, reason: &str, ran: &super::Ran) -> Option<String> {
    let right = ran.code == Some(12) && ran.errors.contains(reason) && !ran.printed.contains("everything adds up");
    (!right).then(|| format!("{damage}: {reason:?} is not in {ran:?}"))
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
