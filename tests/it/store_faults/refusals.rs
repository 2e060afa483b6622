//! A real store refuses changes below the real program until an operator repairs it: a privilege is revoked, a table is
//! renamed, a trigger raises an error, the database is read-only. The service serves again after the repair; or it is
//! stopped before it.

use std::path::Path;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::task::block_in_place;
use tokio::time::{Instant, interval, timeout};

use super::rounds;
use super::watch::Watched;
use crate::support::postgres::{Cluster, connect};
use crate::support::program::{Data, Program};

/// Limit for a stop, which does not wait for the store: far less than `--drain-timeout`.
const STOPPED: Duration = Duration::from_secs(6);

/// A reason for the store to refuse changes, as the SQL that begins and ends it.
struct Refusal {
    name: &'static str,
    begins: &'static str,
    ends: &'static str,
}

const POSTGRES: [Refusal; 6] = [
    Refusal {
        name: "privilege of a table",
        begins: "REVOKE INSERT, UPDATE ON sessions FROM app",
        ends: "GRANT INSERT, UPDATE ON sessions TO app",
    },
    Refusal {
        name: "every privilege",
        begins: "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM app",
        ends: "GRANT ALL ON ALL TABLES IN SCHEMA public TO app",
    },
    Refusal {
        name: "renamed table",
        begins: "ALTER TABLE sessions RENAME TO gone",
        ends: "ALTER TABLE gone RENAME TO sessions",
    },
    Refusal {
        name: "renamed fence",
        begins: "ALTER TABLE shards RENAME TO gone",
        ends: "ALTER TABLE gone RENAME TO shards",
    },
    Refusal {
        name: "trigger",
        begins: "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
            CREATE TRIGGER no BEFORE INSERT OR UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION no()",
        ends: "DROP FUNCTION no() CASCADE",
    },
    Refusal {
        name: "read only",
        begins: "ALTER SYSTEM SET default_transaction_read_only = on",
        ends: "ALTER SYSTEM RESET default_transaction_read_only",
    },
];

const SQLITE: [Refusal; 2] = [
    Refusal {
        name: "renamed table, SQLite",
        begins: "ALTER TABLE sessions RENAME TO gone",
        ends: "ALTER TABLE gone RENAME TO sessions",
    },
    Refusal {
        name: "trigger, SQLite",
        begins: "CREATE TRIGGER no BEFORE INSERT ON sessions BEGIN SELECT RAISE(ABORT, 'no'); END",
        ends: "DROP TRIGGER no",
    },
];

/// A service that a test observes, on a store that the test administers.
struct Service<'a> {
    data: Data<'a>,
    watched: Watched,
    program: Program,
}

impl<'a> Service<'a> {
    async fn start(data: Data<'a>) -> Self {
        let program = block_in_place(|| Program::start(&data, &["--demo-seats", "3", "--drain-timeout", "25s"]));
        let tenants = ["watched", "quiet"].map(str::to_owned);
        let embedded = matches!(data, Data::Folder(_));
        let addresses = [program.api, program.ops];
        let watched = Watched::new("refused", embedded, program.channel(), addresses, tenants).await;
        Self { data, watched, program }
    }

    /// Checks the promises while the store refuses; returns the number of denials so far.
    async fn lasts(&mut self, name: &str, denied: u64) -> u64 {
        name.clone_into(&mut self.watched.name);
        self.watched.refuses_changes().await;
        self.watched.becomes_unready().await;
        assert!(self.watched.why_not_ready().await.contains("store refuses changes"), "{name}");
        assert!(self.watched.metrics().await.contains("state=\"store_refuses\"} 1"), "{name}: no metric says so");
        let mut reported = denied;
        for _ in 0..3 {
            reported += self.watched.answers_at_once().await;
            self.watched.refuses_changes().await;
        }
        reported
    }

    /// Checks the promises after the repair.
    async fn over(&mut self, name: &str, denied: u64) {
        let took = self.watched.serves_again(Instant::now()).await;
        println!("{name}: served again after {} ms", took.as_millis());
        let written = async {
            let mut looks = interval(Duration::from_millis(50));
            while self.watched.denials_in_the_audit().await < denied {
                looks.tick().await;
            }
        };
        let all = timeout(Duration::from_secs(10), written).await;
        assert!(all.is_ok(), "{name}: {denied} denials were told, the audit has fewer");
    }

    /// Stops the service while the store refuses: it ends at once, with its own exit code. After the repair another one
    /// is started.
    async fn stops(self, name: &str, mend: impl AsyncFnOnce()) {
        self.watched.refuses_changes().await;
        let asked = Instant::now();
        self.program.terminate();
        let ended = block_in_place(|| self.program.ended());
        assert!(asked.elapsed() < STOPPED, "{name}: stopped after {:?}", asked.elapsed());
        assert_eq!(ended.status.code(), Some(13), "{name}: {ended:?}");
        assert!(ended.errors.contains("not everything is written"), "{name}: {ended:?}");
        mend().await;
        let program = block_in_place(|| Program::start(&self.data, &["--demo-seats", "3"]));
        let watched = self.watched.served_by(program.channel(), [program.api, program.ops]);
        watched.serves_again(Instant::now()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_that_refuses_for_good() {
    let cluster = block_in_place(|| Cluster::start(false));
    let url = cluster.database().await;
    let url = url.expose_secret();
    // A superuser has every privilege, so that the program connects as another role.
    let admin = connect(url).await;
    admin
        .batch_execute("CREATE ROLE app LOGIN PASSWORD 'app'; ALTER SCHEMA public OWNER TO app")
        .await
        .expect("a role");
    let (before, after) = url.split_once('@').expect("a URL with a password");
    let scheme = before.split_once("//").expect("a URL").0;
    let url = format!("{scheme}//app:app@{after}");
    let data = Data::Postgres(&url);
    let act = async |sql: &str| {
        admin.batch_execute("SET default_transaction_read_only = off").await.expect("a setting");
        admin.batch_execute(sql).await.expect(sql);
        admin.batch_execute("SELECT pg_reload_conf()").await.expect("a reload");
    };
    let mut service = Service::start(data.clone()).await;
    let mut denied = 0;
    for round in 0..rounds() {
        for refusal in &POSTGRES {
            let name = format!("{}, round {round}", refusal.name);
            act(refusal.begins).await;
            denied = service.lasts(&name, denied).await;
            act(refusal.ends).await;
            service.over(&name, denied).await;
        }
    }
    act(POSTGRES[0].begins).await;
    service.stops("stopped", async || act(POSTGRES[0].ends).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_file_that_refuses_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let act = |sql: &str| administer(folder.path(), sql);
    let mut service = Service::start(Data::Folder(folder.path())).await;
    let mut denied = 0;
    for round in 0..rounds() {
        for refusal in &SQLITE {
            let name = format!("{}, round {round}", refusal.name);
            act(refusal.begins);
            let before = denied;
            denied = service.lasts(&name, denied).await;
            assert!(denied >= before + 3, "{name}: memory denies for as long as it lasts");
            act(refusal.ends);
            service.over(&name, denied).await;
        }
    }
    act(SQLITE[1].begins);
    service.stops("stopped, SQLite", async || act(SQLITE[1].ends)).await;
}

/// Runs SQL as an operator does in SQLite's shell.
fn administer(folder: &Path, sql: &str) {
    let database = rusqlite::Connection::open(folder.join("usher.db")).expect("the database");
    database.busy_timeout(Duration::from_secs(5)).expect("a limit");
    database.execute_batch(sql).expect(sql);
}
