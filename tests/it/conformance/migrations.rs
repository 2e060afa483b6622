//! Versions of PostgreSQL's schema, which several processes share: which programs may serve from it, and how it is
//! migrated while others use it.

use secrecy::ExposeSecret;
use usher::store::open::{Migrated, OpenError};
use usher::store::postgres::{PostgresStore, migrate};

use super::only_postgres::{fresh, until_blocked};
use super::ownership::undone;
use super::{newest_version, soon};
use crate::support::postgres;

#[tokio::test]
async fn an_older_schema_is_migrated_or_refused() {
    let (_, parsed) = fresh().await;
    let refused = PostgresStore::open(&parsed, false).await.map(|_| ()).unwrap_err();
    assert!(matches!(refused, OpenError::SchemaOlder { found: 0, known } if known == newest_version()), "{refused}");
    assert_eq!(migrate(&parsed).await.unwrap(), Migrated { from: 0, to: newest_version() });
    assert_eq!(migrate(&parsed).await.unwrap(), Migrated { from: newest_version(), to: newest_version() });
    PostgresStore::open(&parsed, false).await.map(|_| ()).unwrap();
}

/// The schema names the oldest program that may serve from it (C16). Without the name, none may that is older.
#[tokio::test]
async fn a_newer_schema_says_whether_this_program_may_serve_from_it() {
    let (url, parsed) = fresh().await;
    migrate(&parsed).await.unwrap();
    let client = postgres::connect(url.expose_secret()).await;
    let newer = "INSERT INTO refinery_schema_history
        SELECT 99, name, applied_on, checksum FROM refinery_schema_history WHERE version = 1";
    client.batch_execute(newer).await.unwrap();
    let known = newest_version();
    let named = |oldest: i32| format!("UPDATE compatibility SET oldest_program = {oldest}");
    let cases = [
        (named(1), true),
        (named(known), true),
        (named(known + 1), false),
        (named(99), false),
        ("DELETE FROM compatibility".to_owned(), false),
    ];
    for (change, may) in cases {
        client.batch_execute(&change).await.unwrap();
        for migrates in [false, true] {
            match PostgresStore::open(&parsed, migrates).await.map(drop) {
                Ok(()) => assert!(may, "{change}"),
                Err(OpenError::SchemaNewer { found: 99, known: said }) => assert!(!may && said == known, "{change}"),
                Err(error) => panic!("{change}: {error}"),
            }
        }
        if may {
            let nothing = Migrated { from: 99, to: 99 };
            assert_eq!(migrate(&parsed).await.unwrap(), nothing, "a newer schema is left as it is");
        }
    }
}

#[tokio::test]
async fn two_migrations_at_once_are_one() {
    let (_, parsed) = fresh().await;
    let (one, other) = tokio::join!(migrate(&parsed), migrate(&parsed));
    let from = [one.unwrap().from, other.unwrap().from];
    assert!(from == [0, newest_version()] || from == [newest_version(), 0], "{from:?}");
}

/// While a migration waits for a table, everybody behind it waits, too. So it gives way again and again, until the one
/// that it waits for is done (C16).
#[tokio::test]
async fn a_migration_that_waits_for_a_table_lets_others_pass() {
    let (url, parsed) = fresh().await;
    migrate(&parsed).await.unwrap();
    let older = newest_version() - 1;
    let [holder, other, watcher] = [&url; 3].map(|url| postgres::connect(url.expose_secret()));
    let (holder, other, watcher) = tokio::join!(holder, other, watcher);
    let undo = undone("postgres", newest_version().unsigned_abs());
    let forget = format!("{undo}DELETE FROM refinery_schema_history WHERE version > {older}");
    holder.batch_execute(&forget).await.unwrap();
    // A transaction that has read every table, such as a backup.
    let read =
        "BEGIN; LOCK TABLE nodes, owners, shards, tenants, users, sessions, seats, installation IN ACCESS SHARE MODE";
    holder.batch_execute(read).await.unwrap();
    let migration = tokio::spawn({
        let parsed = parsed.clone();
        async move { migrate(&parsed).await }
    });
    for _ in 0..2 {
        until_blocked(&watcher, "ALTER TABLE").await;
        soon(other.query("SELECT node_id FROM nodes", &[])).await.unwrap();
    }
    holder.batch_execute("COMMIT").await.unwrap();
    assert_eq!(soon(migration).await.unwrap().unwrap(), Migrated { from: older, to: newest_version() });
}
