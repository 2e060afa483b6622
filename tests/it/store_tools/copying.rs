//! `usher store copy` copies everything or nothing.

use std::process::Stdio;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::task::block_in_place;
use tokio_postgres::SimpleQueryMessage;

use super::{check, command, copy, counts, path, test_data};
use crate::support::postgres;
use crate::support::program::{Data, Program};

/// A stopped store with rows in every table, and a session that was live in it.
async fn source() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&Data::Folder(folder.path()), &["--demo", "--shards", "2"]);
    let session = test_data::fill(&program).await;
    program.terminate();
    assert_eq!(program.ended().status.code(), Some(0));
    (folder, session)
}

/// Every row of a table as text.
async fn rows(client: &tokio_postgres::Client, table: &str) -> Vec<String> {
    let sql = format!("SELECT t::text FROM {table} AS t ORDER BY 1");
    client.query(&sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_moves_to_postgresql() {
    let (folder, session) = source().await;
    let program = Program::start(&Data::Folder(folder.path()), &["--demo"]);
    let first = test_data::audit(&program, "").await;
    let second = test_data::audit(&program, &first.1).await;
    program.terminate();
    assert_eq!(program.ended().status.code(), Some(0));
    let before = check(&Data::Folder(folder.path())).printed();
    let url = postgres::cluster().database().await;
    let url = url.expose_secret();
    let printed = block_in_place(|| copy(folder.path(), url)).printed();
    assert!(printed.contains("both stores hold the same data"), "{printed}");
    assert!(!printed.contains("usher:"), "no password: {printed}");

    let data = Data::Postgres(url);
    let after = check(&data).printed();
    assert_eq!(counts(&after), counts(&before));
    let heading = |text: &str| text.lines().next().unwrap_or_default().split(": ").nth(1).map(str::to_owned);
    assert_eq!(heading(&after), heading(&before), "the same installation, as many shards");
    the_same_by_sql(folder.path(), url).await;

    let program = Program::start(&data, &["--demo"]);
    test_data::is_as_it_was(&program, &session).await;
    // Ids are unchanged, and a page token from the old store is valid here.
    assert_eq!(test_data::audit(&program, "").await.0, first.0);
    assert_eq!(test_data::audit(&program, &first.1).await.0, second.0);
    program.terminate();
    assert_eq!(program.ended().status.code(), Some(0));
    // The copied folder is unchanged.
    assert_eq!(check(&Data::Folder(folder.path())).printed(), before);
}

/// Compares counts and sums of every table, positions, and completion times of audit blocks, by SQL of the test.
async fn the_same_by_sql(folder: &std::path::Path, url: &str) {
    let client = postgres::connect(url).await;
    let sqlite = rusqlite::Connection::open(folder.join("usher.db")).unwrap();
    for sql in [
        "SELECT count(*), sum(length(tenant_id || display_name || policy) + created + version) FROM tenants",
        "SELECT count(*), sum(length(document || entitlements || terms) + revision + changed) FROM licenses",
        "SELECT count(*), sum(length(pool_id) + pool_no) FROM pools",
        "SELECT count(*), sum(length(organization_id || display_name) + created) FROM organizations",
        "SELECT count(*), sum(length(user_id) + user_no + created) FROM users",
        "SELECT count(*), sum(granted + grant_event_no) FROM seats",
        "SELECT count(*), sum(started + last_activity + coalesce(ended, 0) + lease_ttl_ms) FROM sessions",
        "SELECT count(*), sum(event_no + raised + length(facts || deliveries)) FROM notifications",
        "SELECT count(*), sum(length(hash) + length(name || tenants || created_by) + roles + created_ms) FROM tokens",
        "SELECT count(*), sum(at_ms + event_no + action + length(actor || detail)) FROM audit",
        "SELECT count(*), sum(closed_ms + newest_ms - oldest_ms + last_event_no) FROM audit_blocks",
        "SELECT count(*), sum(epoch * 1000 + seq + tick_ms + wall_ms + wall_high_ms + last_tenant_no + last_event_no) FROM shards",
    ] {
        let there: (i64, i64) = sqlite.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let answer = client.simple_query(sql).await.unwrap();
        let row = answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some((row.get(0)?.parse().unwrap(), row.get(1)?.parse().unwrap())),
            _ => None,
        });
        assert_eq!(row, Some(there), "{sql}");
        assert!(there.0 > 0, "nothing is in {sql}");
    }
}

/// The copy is killed in the middle, for certain: it waits for the lock that the test holds on the audit's table.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_was_broken_off_left_nothing() {
    let (folder, session) = source().await;
    let url = postgres::cluster().database().await;
    let url = url.expose_secret();
    let mut migrate = std::process::Command::new(env!("CARGO_BIN_EXE_usher"));
    assert!(migrate.arg("migrate").env("DATABASE_URL", url).output().unwrap().status.success());
    let (other, watch) = (postgres::connect(url).await, postgres::connect(url).await);
    other.batch_execute("BEGIN; LOCK TABLE audit IN SHARE MODE").await.unwrap();
    let mut broken = command(&["copy", "--from", path(folder.path())], Some(url));
    let mut broken = broken.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let count = async |what: &str| watch.query_one(what, &[]).await.unwrap().get::<_, i64>(0);
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let mut looks = tokio::time::interval(Duration::from_millis(5));
    let waiting = async {
        while count(waits).await == 0 {
            looks.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("the copy comes to the audit");
    broken.kill().unwrap();
    broken.wait().unwrap();
    other.batch_execute("ROLLBACK").await.unwrap();

    // Waits until the server has noticed the end of the connection.
    let gone = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%usher:%'
        AND pid <> pg_backend_pid()";
    while count(gone).await > 0 {
        looks.tick().await;
    }
    assert_eq!(count("SELECT (SELECT count(*) FROM installation) + (SELECT count(*) FROM users)").await, 0);
    let printed = block_in_place(|| copy(folder.path(), url)).printed();
    assert!(printed.contains("both stores hold the same data"), "{printed}");
    let program = Program::start(&Data::Postgres(url), &["--demo"]);
    test_data::is_as_it_was(&program, &session).await;
}

/// The database alters what is written to it: the recount finds each change, and nothing stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_differs_is_none() {
    let (folder, _) = source().await;
    for (table, change, reason) in [
        ("users", "NEW.version := NEW.version + 1; RETURN NEW", "users: 5"),
        ("seats", "IF NEW.user_no = 7 THEN RETURN NULL; END IF; RETURN NEW", "in the copy"),
        ("audit", "NEW.count := 2; RETURN NEW", "audit events: 10"),
        ("audit_blocks", "NEW.closed_ms := NEW.closed_ms + 1; RETURN NEW", "audit blocks: 2, and not the same"),
        ("tenants", "NEW.display_name := 'mine'; RETURN NEW", "tenants: "),
        ("tokens", "NEW.hash := sha256('forged'); RETURN NEW", "tokens: 1, and not the same"),
        ("licenses", "NEW.document := 'forged'; RETURN NEW", "licenses: 1, and not the same"),
    ] {
        let url = postgres::cluster().database().await;
        let url = url.expose_secret();
        let mut migrate = std::process::Command::new(env!("CARGO_BIN_EXE_usher"));
        assert!(migrate.arg("migrate").env("DATABASE_URL", url).output().unwrap().status.success());
        let client = postgres::connect(url).await;
        let plant = format!(
            "CREATE FUNCTION plant() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {change}; END $$;
             CREATE TRIGGER plant BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION plant()"
        );
        client.batch_execute(&plant).await.unwrap();
        let said = block_in_place(|| copy(folder.path(), url)).refused(1);
        assert!(said.starts_with("nothing was copied: ") && said.contains(reason), "{table}: {said}");
        assert_eq!(rows(&client, "installation").await, [""; 0], "{table}");
        assert_eq!(rows(&client, table).await, [""; 0], "{table}");
    }
}

/// The source has two shards, and each database gets one of them (decision 64).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_moves_to_two_databases() {
    let (folder, session) = source().await;
    let before = check(&Data::Folder(folder.path())).printed();
    let [one, other] = [postgres::cluster().database().await, postgres::cluster().database().await];
    let (one, other) = (one.expose_secret(), other.expose_secret());
    let both = format!("{one} {other}");
    let printed = block_in_place(|| copy(folder.path(), &both)).printed();
    assert!(printed.contains("Serve from the databases, in this order, from now on"), "{printed}");
    assert_eq!(counts(&printed), counts(&before));

    // One of them is checked alone, too; both together are also compared.
    let alone = [one, other].map(|url| block_in_place(|| check(&Data::Postgres(url))).printed());
    assert_eq!(alone.iter().flat_map(|printed| counts(printed)).collect::<Vec<_>>(), counts(&before));
    block_in_place(|| check(&Data::Postgres(&both))).printed();
    let said = block_in_place(|| check(&Data::Postgres(&format!("{other} {one}")))).refused(2);
    assert!(said.starts_with("--database-url: the database of cell 0, "), "{said}");

    let again = block_in_place(|| copy(folder.path(), &both)).refused(1);
    assert!(again.contains("holds an installation already"), "{again}");
    let program = Program::start(&Data::Postgres(&both), &["--demo"]);
    test_data::is_as_it_was(&program, &session).await;
    program.terminate();
    assert_eq!(program.ended().status.code(), Some(0));
}

/// Half of a copy is the first database without the others: nobody serves from it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_of_a_copy_is_refused() {
    let (folder, _) = source().await;
    let [one, other] = [postgres::cluster().database().await, postgres::cluster().database().await];
    let both = format!("{} {}", one.expose_secret(), other.expose_secret());
    block_in_place(|| copy(folder.path(), &both)).printed();
    let client = postgres::connect(other.expose_secret()).await;
    client.batch_execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await.unwrap();
    let ended = block_in_place(|| Program::fails(&Data::Postgres(&both), &["--migrate-on-start"]));
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert!(ended.errors.contains("the database of cell 1, ") && ended.errors.contains("is empty"), "{ended:?}");
}
