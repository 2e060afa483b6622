//! What keeps the schema and the statements fit for a distributed PostgreSQL: Citus, YugabyteDB, CockroachDB. Each of them
//! lacks something of this list, or makes it slow or wrong. None of them was run: see docs/OPERATIONS.md.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;

use super::only_postgres::fresh;
use crate::support::postgres;

/// SQL that is not used, each with the reason.
const AVOIDED: &[(&str, &str)] = &[
    ("serial", "a sequence is one place for all nodes"),
    ("bigserial", "a sequence"),
    ("smallserial", "a sequence"),
    ("SEQUENCE", "a sequence"),
    ("nextval", "a sequence"),
    ("IDENTITY", "a sequence"),
    ("TRIGGER", "Citus and CockroachDB restrict it"),
    ("FUNCTION", "logic lives in the program"),
    ("REFERENCES", "a foreign key ties tables of different nodes"),
    ("pg_advisory_lock", "a lock of one server"),
    ("pg_advisory_unlock", "a lock of one server"),
    ("pg_advisory_xact_lock", "a lock of one server"),
    ("pg_try_advisory_lock", "a lock of one server"),
    ("LISTEN", "reaches the sessions of one server"),
    ("NOTIFY", "reaches the sessions of one server"),
    ("pg_notify", "reaches the sessions of one server"),
    ("LOCK TABLE", "not everywhere"),
    ("pg_stat_activity", "shows the sessions of one server"),
    ("pg_terminate_backend", "ends a session of one server"),
    ("now()", "the clock of a database that fails over, or of one of its servers"),
    ("clock_timestamp", "a clock"),
    ("statement_timestamp", "a clock"),
    ("transaction_timestamp", "a clock"),
    ("timeofday", "a clock"),
    ("CURRENT_TIMESTAMP", "a clock"),
    ("CURRENT_DATE", "a clock"),
    ("CURRENT_TIME", "a clock"),
    ("LOCALTIME", "a clock"),
    ("LOCALTIMESTAMP", "a clock"),
];

/// Where SQL of the list is used all the same, and why that is harmless.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "shards.rs",
        "now()",
        "END_SILENT: compared with the same server's clock, so that a session that the server holds open for a \
        dead client ends; no decision of Usher depends on it, and without it a claim waits longer",
    ),
    ("shards.rs", "pg_stat_activity", "END_SILENT"),
    ("shards.rs", "pg_terminate_backend", "END_SILENT"),
    ("migration.rs", "now()", "the column applied_on of the history, for people, in refinery's layout"),
    (
        "migration.rs",
        "pg_advisory_lock",
        "`usher migrate` alone, so that two of them run one after the other; a key that is \
        recorded twice stops the second one without it",
    ),
    ("migration.rs", "pg_advisory_unlock", "as pg_advisory_lock"),
    ("installation.rs", "LOCK TABLE", "the first start of a store alone, so that of two one makes the record"),
];

/// Tables that are not a shard's, and need not begin with its number.
const OF_THE_INSTALLATION: [&str; 4] = ["compatibility", "installation", "nodes", "refinery_schema_history"];

/// The files with SQL, without comments of the program and without its tests.
fn texts() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = |folder: &str| -> Vec<PathBuf> {
        let files = fs::read_dir(root.join(folder)).expect(folder);
        files.map(|file| file.expect("a file").path()).filter(|path| path.is_file()).collect()
    };
    let mut texts = Vec::new();
    for path in [files("src/store/migrations/postgres"), files("src/store/postgres"), files("src/store/table")].concat()
    {
        let text = fs::read_to_string(&path).expect("a text");
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let is_code = |line: &&str| !line.trim_start().starts_with("//") && !line.trim_start().starts_with("--");
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        // What a column means is told in COMMENT, which runs nothing.
        let is_told = |line: &&str| line.starts_with("COMMENT ON");
        texts.push((name, text.lines().filter(is_code).filter(|line| !is_told(line)).collect::<Vec<_>>().join("\n")));
    }
    texts
}

/// Returns whether the text has the words, in this case or, of a name in small letters, in any.
fn has(text: &str, words: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    text.match_indices(words).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + words.len()..].chars().next());
        !before.is_some_and(part) && (!after.is_some_and(part) || words.ends_with(')'))
    })
}

#[test]
fn statements_avoid_what_a_distributed_database_lacks() {
    let texts = texts();
    assert!(texts.len() > 40, "{} files", texts.len());
    let mut found = BTreeSet::new();
    for (file, text) in &texts {
        for (words, _) in AVOIDED {
            if has(text, words) || has(text, &words.to_lowercase()) || has(text, &words.to_uppercase()) {
                found.insert((file.as_str(), *words));
            }
        }
    }
    let allowed: BTreeSet<_> = EXCEPTIONS.iter().map(|(file, words, _)| (*file, *words)).collect();
    let new: Vec<_> = found.difference(&allowed).collect();
    assert!(new.is_empty(), "not on every database: {new:?}; see AVOIDED for why");
    let gone: Vec<_> = allowed.difference(&found).collect();
    assert!(gone.is_empty(), "these exceptions are not needed any more: {gone:?}");
}

#[test]
fn avoided_words_are_found_as_words() {
    assert!(has("SELECT now() - interval", "now()") && !has("Instant::now()", "now()") && !has("wall_now()", "now()"));
    assert!(has("id serial NOT NULL", "serial") && !has("serialize", "serial"));
}

/// Checked in the database itself: a migration can say it in many ways.
#[tokio::test]
async fn tables_lie_with_their_shard_and_have_no_logic() {
    let (url, parsed) = fresh().await;
    usher::store::postgres::migrate(&parsed).await.unwrap();
    let client = postgres::connect(url.expose_secret()).await;
    let keys = "SELECT c.relname::text, a.attname::text FROM pg_class c
        LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1";
    let rows = client.query(keys, &[]).await.unwrap();
    assert!(rows.len() > 15, "{} tables", rows.len());
    let others = rows.iter().map(|row| (row.get::<_, &str>(0), row.get::<_, Option<&str>>(1)));
    let others: Vec<_> = others.filter(|(_, first)| *first != Some("shard_id")).map(|(table, _)| table).collect();
    assert_eq!(others, OF_THE_INSTALLATION, "the primary key of a shard's table begins with shard_id");

    for (what, sql) in [
        (
            "sequences",
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'",
        ),
        (
            "views",
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')",
        ),
        ("triggers", "SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal"),
        ("functions", "SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"),
        ("foreign keys", "SELECT conname::text FROM pg_constraint WHERE contype = 'f'"),
        (
            "identities and generated columns",
            "SELECT attname::text FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
             WHERE c.relnamespace = 'public'::regnamespace AND (attidentity <> '' OR attgenerated <> '')",
        ),
        (
            "defaults that are computed",
            "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE pg_get_expr(adbin, adrelid) LIKE '%(%'",
        ),
        (
            "second indexes",
            "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class c ON c.oid = indrelid
             WHERE c.relnamespace = 'public'::regnamespace AND NOT indisprimary",
        ),
    ] {
        let found: Vec<String> = client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
        assert!(found.is_empty(), "{what}: {found:?}");
    }
}
