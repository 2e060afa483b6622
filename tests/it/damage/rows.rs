//! Rows that are missing, duplicated, or without their owner, and tables that are missing.

use rusqlite::Connection;
use secrecy::ExposeSecret;

use super::{copy, fill, is_damaged};
use crate::support::postgres;
use crate::support::program::{Data, Program};

/// Damages of a store, for both kinds of store, and the text that the message contains.
const DAMAGES: [(&str, &str); 18] = [
    ("DELETE FROM shards WHERE shard_id = 0", "shards (shard_id 0): the row is not there"),
    ("DELETE FROM installation", "installation: the row is not there"),
    ("UPDATE shards SET epoch = -1 WHERE shard_id = 0", "shards (shard_id 0): epoch is out of range"),
    ("DELETE FROM tenants", "a row of tenant number 1, which is not there"),
    ("DELETE FROM users WHERE user_id = 'ann@demo.example'", "user number 0 is not there"),
    ("DELETE FROM pools", "tenant demo: a seat: pool number"),
    ("DELETE FROM organizations", "organization number 1 is not there"),
    ("UPDATE users SET user_id = 'bob@demo.example' WHERE user_id = 'cid@demo.example'", "users (tenant_no 1, user_no"),
    (
        "UPDATE users SET user_no = 2000000000 WHERE user_id = 'cid@demo.example'",
        "users (tenant_no 1, user_no 2000000000)",
    ),
    (
        "UPDATE users SET blocked = 9 WHERE user_id = 'cid@demo.example'",
        "users (tenant_no 1, user_no 2): users.blocked",
    ),
    ("UPDATE seats SET organizations = '77' WHERE organizations IS NOT NULL", "seats (tenant_no 1, user_no"),
    ("UPDATE seats SET user_no = user_no + 50", "seats (tenant_no 1, user_no 5"),
    ("UPDATE sessions SET slot = slot + 3", "sessions (tenant_no 1, user_no"),
    ("UPDATE pools SET pool_no = pool_no + 5", "pools (tenant_no 1, pool_no"),
    ("UPDATE licenses SET entitlements = '[{}]'", "licenses (tenant_no 1, license_id demo, revision 1)"),
    ("UPDATE tenants SET policy = '{' WHERE tenant_id = 'demo'", "tenants (tenant_no 1): tenants.policy"),
    (
        "UPDATE shards SET last_tenant_no = 2000000000 WHERE shard_id = 0",
        "shards (shard_id 0): last_tenant_no is above last_event_no",
    ),
    ("UPDATE audit SET action = 99 WHERE event_no = 5", "audit (event_no 5): audit.action"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_fit_nowhere_end_a_start_on_sqlite() {
    for (damage, names) in DAMAGES {
        let folder = copy().await;
        let database = Connection::open(folder.path().join("usher.db")).unwrap();
        assert!(database.execute(damage, []).unwrap() > 0, "{damage}");
        database.close().unwrap();
        is_damaged(&Data::Folder(folder.path()), names);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_fit_nowhere_end_a_start_on_postgresql() {
    let cluster = postgres::cluster();
    let kept = cluster.database().await;
    fill(&Data::Postgres(kept.expose_secret())).await;
    let name = kept.expose_secret().rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    for (damage, names) in DAMAGES {
        let fresh = cluster.database().await;
        let url = fresh.expose_secret();
        let copy = url.rsplit('/').next().unwrap().split('?').next().unwrap();
        cluster.run("postgres", &format!("DROP DATABASE {copy}")).await;
        cluster.run("postgres", &format!("CREATE DATABASE {copy} TEMPLATE {name}")).await;
        let client = postgres::connect(url).await;
        assert!(client.execute(damage, &[]).await.unwrap() > 0, "{damage}");
        drop(client);
        is_damaged(&Data::Postgres(url), names);
    }
}

/// Rows that processes on the same database read of each other: a process that could not read them would wait without
/// end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_nodes_that_cannot_be_read_end_a_start() {
    let url = postgres::cluster().database().await;
    fill(&Data::Postgres(url.expose_secret())).await;
    let client = postgres::connect(url.expose_secret()).await;
    let node = "00000000-0000-0000-0000-000000000007";
    let nodes = format!("INSERT INTO nodes VALUES (1, NULL, 1, '{node}', 'gone', '0', NULL)");
    for (column, of, row, named) in [
        ("epoch", "owners", "UPDATE owners SET epoch = NULL WHERE shard_id = 0", "owners (shard_id 0): owners.epoch: "),
        (
            "epoch",
            "owners",
            "UPDATE owners SET epoch = -1 WHERE shard_id = 0",
            "owners (shard_id 0): owners.epoch is out of range",
        ),
        ("heartbeat", "nodes", &*nodes, &*format!("nodes (node_id {node}): nodes.heartbeat: ")),
    ] {
        let change = format!("ALTER TABLE {of} ALTER {column} DROP NOT NULL; CREATE TABLE kept AS TABLE {of}; {row}");
        client.batch_execute(&change).await.unwrap();
        is_damaged(&Data::Postgres(url.expose_secret()), named);
        let again = format!("TRUNCATE {of}; INSERT INTO {of} SELECT * FROM kept; DROP TABLE kept");
        client.batch_execute(&again).await.unwrap();
    }
    let program = Program::start(&Data::Postgres(url.expose_secret()), &[]);
    program.terminate();
    assert_eq!(program.ended().status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_are_there_twice_end_a_start() {
    for table in ["tenants", "pools", "organizations", "users", "seats", "sessions"] {
        let folder = copy().await;
        let database = Connection::open(folder.path().join("usher.db")).unwrap();
        let twice = format!(
            "CREATE TABLE loose AS SELECT * FROM {table}; DROP TABLE {table}; ALTER TABLE loose RENAME TO {table};
             INSERT INTO {table} SELECT * FROM {table} LIMIT 1"
        );
        database.execute_batch(&twice).unwrap();
        database.close().unwrap();
        is_damaged(&Data::Folder(folder.path()), &format!("{table} (tenant_no 1"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_that_are_not_there_end_a_start() {
    let url = postgres::cluster().database().await;
    fill(&Data::Postgres(url.expose_secret())).await;
    let client = postgres::connect(url.expose_secret()).await;
    let tables = ["shards", "installation", "tenants", "sessions", "tokens", "audit", "audit_blocks", "notifications"];
    for table in tables {
        let folder = copy().await;
        let database = Connection::open(folder.path().join("usher.db")).unwrap();
        database.execute_batch(&format!("DROP TABLE {table}")).unwrap();
        database.close().unwrap();
        is_damaged(&Data::Folder(folder.path()), &format!("no such table: {table}"));

        client.batch_execute(&format!("ALTER TABLE {table} RENAME TO gone")).await.unwrap();
        is_damaged(&Data::Postgres(url.expose_secret()), table);
        client.batch_execute(&format!("ALTER TABLE gone RENAME TO {table}")).await.unwrap();
    }
}
