//! The commands in docs/OPERATIONS.md work: each is run, section by section, and prints what the page promises.

use std::path::Path;
use std::process::Command;

use secrecy::ExposeSecret;

use crate::clients::repository;
use crate::support::postgres;
use crate::support::program::{Data, Program};

/// Headings of the sections with commands.
const EMBEDDED: &str = "\n## Backup and restore: the embedded store\n";
const POSTGRES: &str = "\n## Backup and restore: PostgreSQL\n";
const MOVING: &str = "\n## Moving to PostgreSQL\n";

fn page() -> String {
    read("docs/OPERATIONS.md")
}

fn read(file: &str) -> String {
    std::fs::read_to_string(repository().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The commands of a section, each with the output that the page promises.
fn commands(section: &str) -> Vec<(String, Vec<String>)> {
    let page = page();
    let text = page.split(section).nth(1).unwrap_or_else(|| panic!("docs/OPERATIONS.md has no {section:?}"));
    let text = text.split("\n## ").next().expect("a section");
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().expect("a block"));
    let line = |line: &str| {
        let (command, promise) = line.split_once(" # ").unwrap_or((line, ""));
        (command.trim().to_owned(), promise.split('`').skip(1).step_by(2).map(str::to_owned).collect())
    };
    blocks.flat_map(str::lines).map(line).collect()
}

fn run(section: &str, most: usize, folder: &Path, environment: &[(&str, &str)]) {
    let commands = commands(section);
    assert_eq!(commands.len(), most, "{commands:?}");
    let usher = Path::new(env!("CARGO_BIN_EXE_usher")).parent().expect("a folder");
    let postgres = postgres::cluster().programs();
    for (line, promises) in commands {
        let mut shell = Command::new("bash");
        let path = format!("PATH={}:{}:$PATH", usher.display(), postgres.display());
        shell.args(["-c", &format!("{path}\n{line}")]).current_dir(folder);
        let output = shell.envs(environment.iter().copied()).output().expect("bash");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}\n{said}");
        for promise in promises {
            assert!(said.contains(&promise), "{line}\npromises {promise:?}, and says\n{said}");
        }
    }
}

#[test]
fn the_embedded_store_is_backed_up_and_restored_as_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let program = Program::start(&Data::Folder(&data), &["--demo"]);
    run(EMBEDDED, 4, folder.path(), &[("USHER_DATA_DIR", super::path(&data))]);
    program.kill();
    Program::start(&Data::Folder(&folder.path().join("restored")), &[]).kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_is_backed_up_and_restored_as_it_is_told() {
    let (cluster, folder) = (postgres::cluster(), tempfile::tempdir().unwrap());
    let url = cluster.database().await;
    let url = url.expose_secret();
    let name = url.rsplit('/').next().and_then(|rest| rest.split('?').next()).expect("a name").to_owned();
    let program = Program::start(&Data::Postgres(url), &["--demo"]);
    let restored = cluster.url("restored");
    let (port, password) = (cluster.address().port().to_string(), cluster.password());
    let environment = [
        ("PGHOST", "127.0.0.1"),
        ("PGPORT", &*port),
        ("PGUSER", "usher"),
        ("PGPASSWORD", password),
        ("PGDATABASE", &*name),
        ("RESTORED_URL", &*restored),
    ];
    tokio::task::block_in_place(|| run(POSTGRES, 4, folder.path(), &environment));
    program.kill();
    Program::start(&Data::Postgres(&restored), &[]).kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_moves_to_postgresql_as_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    Program::start(&Data::Folder(&data), &["--demo"]).kill();
    let url = postgres::cluster().database().await;
    let environment = [("DATABASE_URL", url.expose_secret())];
    tokio::task::block_in_place(|| run(MOVING, 2, folder.path(), &environment));
    Program::start(&Data::Postgres(url.expose_secret()), &[]).kill();
}

/// Alerts and headings are the same, in the same order. The tests of the alert rules check that each rule links to its
/// heading.
#[test]
fn every_alert_has_a_runbook() {
    let (page, rules) = (page(), read("deploy/prometheus/usher.rules.yml"));
    let runbooks: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let alerts: Vec<_> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert_eq!(runbooks, alerts);
}
