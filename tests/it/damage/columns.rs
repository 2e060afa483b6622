//! Damages each column of each table of the schema with values that it must not contain; a new column is included by
//! itself.

use std::sync::Arc;

use rusqlite::Connection;
use secrecy::ExposeSecret;
use tokio::task::block_in_place;
use usher::store::Store;
use usher::store::open::OpenError;
use usher::store::postgres::{DatabaseUrl, PostgresStore};
use usher::store::sqlite::SqliteStore;

use super::starting::{Outcome, start};
use crate::support::postgres;
use crate::support::program::Data;

/// Tables that no start reads, but `usher store check` does.
const NOT_READ: [&str; 2] = ["audit_blocks", "audit_floor"];

/// A column of the schema.
struct Column {
    table: String,
    name: String,
    kind: String,
    may_be_null: bool,
}

impl Column {
    /// Values that the column must not contain, and whether a start must notice them: a wrong type, or NULL.
    fn damages(&self) -> Vec<(&'static str, bool)> {
        // With another key a row belongs to another shard; and a start reads only the newest events of the audit.
        let elsewhere = self.name == "shard_id" || self.table == "audit" && self.name == "event_no";
        let plain = |value| (value, !elsewhere);
        let odd = |value| (value, false);
        let mut damages = match self.kind.as_str() {
            "INTEGER" => vec![plain("'text'"), plain("x'00'"), plain("1.5"), odd("-1"), odd("9223372036854775807")],
            "BLOB" => vec![plain("'text'"), plain("7"), odd("x''"), odd("x'00ff'")],
            _ => vec![plain("x'ff'"), odd("7"), odd("''"), odd("'{'"), odd("'[1, {}]'"), odd("'999999'")],
        };
        damages.push(("NULL", !self.may_be_null && !elsewhere));
        damages
    }
}

fn columns(database: &Connection) -> Vec<Column> {
    let sql = "SELECT t.name, c.name, c.type, NOT c.\"notnull\"
        FROM sqlite_schema t JOIN pragma_table_info(t.name) c
        WHERE t.type = 'table' AND t.name NOT LIKE 'refinery%' AND t.name NOT LIKE 'sqlite%'";
    let mut statement = database.prepare(sql).unwrap();
    let column = |row: &rusqlite::Row| {
        Ok(Column { table: row.get(0)?, name: row.get(1)?, kind: row.get(2)?, may_be_null: row.get(3)? })
    };
    statement.query_map([], column).unwrap().map(Result::unwrap).collect()
}

/// Recreates the table without types, bounds and keys, so that it keeps any value.
fn loosen(database: &Connection, table: &str) {
    let sql =
        format!("CREATE TABLE loose AS SELECT * FROM {table}; DROP TABLE {table}; ALTER TABLE loose RENAME TO {table}");
    database.execute_batch(&sql).unwrap();
}

/// The outcome of a start in the folder.
async fn starts(folder: &std::path::Path) -> Outcome {
    match block_in_place(|| SqliteStore::open(folder)) {
        Ok(store) => start(Arc::new(store) as Arc<dyn Store>).await,
        Err(OpenError::Damaged(error)) => Outcome::Damaged(error.0),
        Err(error) => Outcome::Other(error.to_string()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_stands_in_a_column_of_sqlite() {
    let intact = super::copy().await;
    let columns = columns(&Connection::open(intact.path().join("usher.db")).unwrap());
    assert!(columns.len() > 80, "{} columns", columns.len());
    let mut wrong = Vec::new();
    for column in &columns {
        let Column { table, name, .. } = column;
        for (value, plain) in column.damages() {
            let folder = super::copy().await;
            let database = Connection::open(folder.path().join("usher.db")).unwrap();
            loosen(&database, table);
            let sql = format!("UPDATE {table} SET {name} = {value} WHERE rowid = (SELECT max(rowid) FROM {table})");
            let damaged = database.execute(&sql, []).unwrap();
            database.close().unwrap();
            let outcome = starts(folder.path()).await;
            let named = |what: &str| what.contains(&format!("{table} (")) || what.contains(&format!("{table}."));
            let right = match &outcome {
                Outcome::Serves => !plain || damaged == 0 || NOT_READ.contains(&table.as_str()),
                // A row with a changed key is missed by another table's row.
                Outcome::Damaged(what) => named(what) || !plain,
                Outcome::Other(_) | Outcome::Panicked => false,
            };
            if !right {
                wrong.push(format!("{table}.{name} = {value}: {outcome:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// PostgreSQL enforces types itself; `NULL` and values without meaning remain.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_stands_in_a_column_of_postgresql() {
    let url = postgres::cluster().database().await;
    super::fill(&Data::Postgres(url.expose_secret())).await;
    let client = postgres::connect(url.expose_secret()).await;
    // A process that stopped in order has no row.
    let node = "INSERT INTO nodes (node_id, generation, heartbeat, state, host, version)
        VALUES (gen_random_uuid(), 1, 7, 3, 'gone', '0')";
    client.batch_execute(node).await.unwrap();
    let sql = "SELECT c.table_name::text, c.column_name::text, c.data_type::text, c.is_nullable::text
        FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name NOT LIKE 'refinery%'
        ORDER BY 1, 2";
    let columns = client.query(sql, &[]).await.unwrap();
    assert!(columns.len() > 80, "{} columns", columns.len());
    let tables: std::collections::BTreeSet<String> = columns.iter().map(|row| row.get(0)).collect();
    for table in &tables {
        client.batch_execute(&format!("ALTER TABLE {table} RENAME TO {table}_kept")).await.unwrap();
    }
    let mut wrong = Vec::new();
    let (mut served, mut before) = (true, String::new());
    for row in &columns {
        let (table, name): (String, String) = (row.get(0), row.get(1));
        let (kind, nullable): (String, String) = (row.get(2), row.get(3));
        let values: &[&str] = match kind.as_str() {
            "bigint" => &["-1", "9223372036854775807", "NULL"],
            "integer" => &["-1", "2147483647", "NULL"],
            "smallint" => &["-1", "32767", "NULL"],
            "text" => &["''", "'{'", "'[1, {}]'", "'999999'", "NULL"],
            "bytea" => &["''", "'\\x00ff'", "NULL"],
            _ => &["NULL"],
        };
        for value in values {
            // A program that served has written into other tables, too.
            for table in tables.iter().filter(|one| served || **one == table || **one == before) {
                let again = format!("DROP TABLE IF EXISTS {table}; CREATE TABLE {table} AS TABLE {table}_kept");
                client.batch_execute(&again).await.unwrap();
            }
            let sql = format!("UPDATE {table} SET {name} = {value} WHERE ctid = (SELECT max(ctid) FROM {table})");
            let damaged = client.execute(&sql, &[]).await.unwrap();
            // The statements of a batch need the keys of these tables.
            let keys = "DO $$ DECLARE k record; BEGIN FOR k IN SELECT conrelid::regclass::text AS kept,
                pg_get_constraintdef(oid) AS def FROM pg_constraint WHERE contype = 'p' AND conrelid::regclass::text
                LIKE '%\\_kept' LOOP BEGIN EXECUTE format('CREATE UNIQUE INDEX ON %s %s', replace(k.kept, '_kept', ''),
                substring(k.def FROM '\\(.*\\)')); EXCEPTION WHEN unique_violation THEN NULL; END; END LOOP; END $$";
            client.batch_execute(keys).await.unwrap();
            let outcome = match PostgresStore::open(&DatabaseUrl::parse(&url).unwrap(), false).await {
                Ok(store) => start(Arc::new(store) as Arc<dyn Store>).await,
                Err(OpenError::Damaged(error)) => Outcome::Damaged(error.0),
                Err(error) => Outcome::Other(error.to_string()),
            };
            let elsewhere = name == "shard_id" || table == "audit" && name == "event_no";
            let read = damaged > 0 && !elsewhere && !NOT_READ.contains(&table.as_str());
            (served, before) = (outcome == Outcome::Serves, table.clone());
            let plain = *value == "NULL" && nullable == "NO" && read;
            let named = |what: &str| what.contains(table.as_str());
            let right = match &outcome {
                Outcome::Serves => !plain,
                Outcome::Damaged(what) => named(what) || !plain,
                Outcome::Other(_) | Outcome::Panicked => false,
            };
            if !right {
                wrong.push(format!("{table}.{name} = {value}: {outcome:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
