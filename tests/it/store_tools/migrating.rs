//! `usher migrate`, and a start that migrates, on a PostgreSQL that does not allow it: the error has PostgreSQL's own
//! reason.

use std::process::Command;

use secrecy::ExposeSecret;

use super::ran;
use crate::support::pooler::Pooler;
use crate::support::postgres::{cluster, connect};

/// Runs `usher migrate` and a start that migrates, which must fail with the same message; returns it.
fn refused(url: &str, code: i32) -> String {
    let usher = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
        ran(command.env_clear().args(words).env("DATABASE_URL", url))
    };
    let said = usher(&["migrate"]).refused(code);
    let start = usher(&["serve", "--migrate-on-start", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"]);
    assert!(start.code == Some(code) && start.errors.trim_end().ends_with(&said), "{start:?} should say {said}");
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_says_why_a_schema_is_not_made() {
    let url = cluster().database().await;
    let url = url.expose_secret();
    let client = connect(url).await;
    client.batch_execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC").await.unwrap();
    client.batch_execute("CREATE ROLE weak LOGIN PASSWORD 'weak'").await.unwrap();
    let (_, place) = url.split_once('@').unwrap();
    let weak = format!("postgres://weak:weak@{place}");
    assert_eq!(refused(&weak, 1), "cannot migrate: ERROR: permission denied for schema public (42501)");

    for (setting, said) in [
        (
            "default_transaction_read_only = on",
            "cannot migrate: ERROR: cannot execute CREATE TABLE in a read-only transaction (25006)",
        ),
        ("search_path = nowhere", "cannot migrate: ERROR: no schema has been selected to create in (3F000)"),
    ] {
        client.batch_execute(&format!("ALTER ROLE weak SET {setting}")).await.unwrap();
        assert_eq!(refused(&weak, 1), said);
        client.batch_execute("ALTER ROLE weak RESET ALL").await.unwrap();
    }
}

/// Such a database would store all names but some, and refuse those at every attempt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_cannot_hold_every_name_is_refused() {
    let create = "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0";
    cluster().run("postgres", create).await;
    let said = refused(&cluster().url("latin"), 2);
    assert!(said.ends_with("/latin: the database's encoding is LATIN1, and UTF8 is needed"), "{said}");
}

/// Behind such a pooler a third of all grants failed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_in_transaction_mode_is_noticed() {
    let pooler = Pooler::start(cluster().address()).await;
    let url = cluster().database().await;
    let url = url.expose_secret().replace(&cluster().address().to_string(), &pooler.address.to_string());
    // The pooler works for other programs.
    connect(&url).await.batch_execute("CREATE TABLE x(y INT)").await.unwrap();
    let said = refused(&url, 2);
    assert!(
        said.contains("a pooler in transaction mode is in between") && said.contains("pool_mode = session"),
        "{said}"
    );
    assert!(!said.contains(cluster().password()), "{said}");
}
