//! Speed of the bare stores: one row in one durable transaction, and reading all sessions. What Usher adds is measured
//! against these figures.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::postgres::connect;

const COMMITS: i32 = 400;

/// Returns the median time to commit one row to SQLite, with the settings of Usher's store.
pub fn sqlite_commit(folder: &Path) -> Duration {
    let database = rusqlite::Connection::open(folder.join("commits.db")).expect("a database");
    let settings =
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS t (a INTEGER, b TEXT);";
    database.execute_batch(settings).expect("settings");
    let mut insert = database.prepare("INSERT INTO t VALUES (?1, ?2)").expect("a statement");
    median((0..COMMITS).map(|number| {
        let started = Instant::now();
        insert.execute((number, "a row")).expect("a commit");
        started.elapsed()
    }))
}

/// Returns the median time to commit one row to PostgreSQL.
pub async fn postgres_commit(url: &str) -> Duration {
    let client = connect(url).await;
    client.batch_execute("CREATE TABLE IF NOT EXISTS bench_commits (a int, b text)").await.expect("a table");
    let insert = client.prepare("INSERT INTO bench_commits VALUES ($1, $2)").await.expect("a statement");
    let mut times = Vec::new();
    for number in 0..COMMITS {
        let started = Instant::now();
        client.execute(&insert, &[&number, &"a row"]).await.expect("a commit");
        times.push(started.elapsed());
    }
    median(times.into_iter())
}

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<_> = times.collect();
    times.sort();
    times[times.len() / 2]
}

/// Returns the time of a bare `SELECT` of the tables that a start reads.
pub fn sqlite_select(folder: &Path) -> Duration {
    let database = rusqlite::Connection::open(folder.join("usher.db")).expect("the database");
    let started = Instant::now();
    for table in TABLES {
        let mut select = database.prepare(&format!("SELECT * FROM {table}")).expect("a statement");
        let columns = select.column_count();
        let mut found = select.query([]).expect("rows");
        while let Some(row) = found.next().expect("a row") {
            for column in 0..columns {
                std::hint::black_box(row.get_ref(column).expect("a value"));
            }
        }
    }
    started.elapsed()
}

/// Returns the same time for PostgreSQL.
pub async fn postgres_select(url: &str) -> Duration {
    use futures_util::TryStreamExt;
    let client = connect(url).await;
    let started = Instant::now();
    for table in TABLES {
        let nothing: [&str; 0] = [];
        let found = client.query_raw(&format!("SELECT * FROM {table}"), nothing).await.expect("rows");
        let mut found = std::pin::pin!(found);
        while let Some(row) = found.try_next().await.expect("a row") {
            std::hint::black_box(row.len());
        }
    }
    started.elapsed()
}

/// The tables that Usher keeps in memory while it runs; the audit is not among them.
const TABLES: [&str; 3] = ["users", "seats", "sessions"];
