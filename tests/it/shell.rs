//! The program around the service: its commands, its operations port, its demo tenant, and its abnormal ends.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Output};

use usher::proto::v1::directory_service_client::DirectoryServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::{DeleteUserRequest, GetUsageRequest, Plan};
use usher::telemetry::table::TABLE;

use crate::support::program::{Data, Program};

/// Runs the program with these environment variables only.
fn usher(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    command.args(arguments).env_clear().envs(environment.iter().copied());
    command.output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Reads a page of the operations port. Returns its status line and its body.
pub fn page(ops: SocketAddr, path: &str) -> (String, String) {
    let mut socket = TcpStream::connect(ops).expect("the operations port");
    write!(socket, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
}

#[test]
fn check_config_shows_an_option_before_a_variable_before_a_default() {
    let environment = [("USHER_SHARDS", "3"), ("USHER_DEMO_SEATS", "7"), ("DATABASE_URL", "postgres://u:tooth@h/d")];
    let shown = usher(&["check-config", "--shards", "5"], &environment);
    assert_eq!(shown.status.code(), Some(0), "{}", text(&shown.stderr));
    let shown = text(&shown.stdout);
    for line in ["shards = 5", "demo-seats = 7", "drain-timeout = 20s", "database-url = postgres://u@h:5432/d"] {
        assert!(shown.lines().any(|shown| shown == line), "no {line} in\n{shown}");
    }
    assert!(!shown.contains("tooth"), "{shown}");
}

#[test]
fn check_config_warns_of_secret_files_that_others_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("url");
    std::fs::write(&file, "postgres://u:tooth@h/d").unwrap();
    for (mode, warned) in [(0o644, true), (0o600, false)] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let checked = usher(&["check-config"], &[("USHER_DATABASE_URL_FILE", file.to_str().unwrap())]);
        assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stderr));
        assert_eq!(text(&checked.stderr).contains("holds a secret"), warned, "{}", text(&checked.stderr));
        assert!(!text(&checked.stdout).contains("holds a secret"), "the settings alone");
    }
}

#[test]
fn help_and_completions_answer_on_standard_output() {
    for (arguments, expected) in [
        (&["--help"][..], "Exit codes:"),
        (&["serve", "--help"], "--first-call-timeout"),
        (&["--version"], concat!("usher ", env!("CARGO_PKG_VERSION"), " (")),
        (&["completions", "bash"], "complete -F _usher"),
        (&["completions", "zsh"], "#compdef usher"),
    ] {
        let answer = usher(arguments, &[]);
        assert_eq!(answer.status.code(), Some(0), "{arguments:?}");
        assert!(text(&answer.stdout).contains(expected), "{arguments:?}: {}", text(&answer.stdout));
    }
    assert_eq!(usher(&["serve", "--help", "--frobnicate"], &[]).status.code(), Some(0));
    assert_eq!(usher(&["frobnicate"], &[]).status.code(), Some(2));
}

#[test]
fn healthcheck_answers_with_its_exit_code_and_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&Data::Folder(folder.path()), &[]);
    let address = program.api.to_string();
    let serving = usher(&["healthcheck", "--address", &address], &[]);
    assert_eq!((serving.status.code(), text(&serving.stdout)), (Some(0), format!("{address}: serving\n")));
    // In a container, the variable contains the address on which the server listens.
    let everywhere = format!("0.0.0.0:{}", program.api.port());
    assert_eq!(usher(&["healthcheck"], &[("USHER_LISTEN", &everywhere)]).status.code(), Some(0));
    program.kill();
    let gone = usher(&["healthcheck", "--address", &address], &[]);
    assert_eq!(gone.status.code(), Some(1));
    assert_eq!(text(&gone.stderr).lines().count(), 1, "{}", text(&gone.stderr));
}

#[test]
fn a_migration_says_what_it_did_and_can_be_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let first = text(&usher(&["migrate", "--data-dir", data], &[]).stdout);
    assert!(first.contains("schema version 0 is now"), "{first}");
    let second = text(&usher(&["migrate", "--data-dir", data], &[]).stdout);
    assert!(second.contains("nothing to do"), "{second}");
}

#[test]
fn a_schema_of_a_newer_release_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(usher(&["migrate", "--data-dir", folder.path().to_str().unwrap()], &[]).status.code(), Some(0));
    from_the_future(folder.path());
    let ended = Program::fails(&Data::Folder(folder.path()), &[]);
    assert_eq!(ended.status.code(), Some(6), "{}", ended.errors);
    assert!(ended.errors.contains("newer than"), "{}", ended.errors);
}

/// Records a migration of a future release.
fn from_the_future(folder: &Path) {
    let mut files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let database = files.find(|path| std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3")));
    let database = rusqlite::Connection::open(database.expect("a database")).unwrap();
    let note = "INSERT INTO refinery_schema_history SELECT 999, 'later', applied_on, checksum
                FROM refinery_schema_history LIMIT 1";
    assert_eq!(database.execute(note, []).unwrap(), 1);
}

#[test]
fn metrics_are_those_of_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&Data::Folder(folder.path()), &["--demo", "--metrics-top-tenants", "1"]);
    assert_eq!(usher(&["healthcheck", "--address", &program.api.to_string()], &[]).status.code(), Some(0));
    let (status, metrics) = page(program.ops, "/metrics");
    assert_eq!(status, "HTTP/1.1 200 OK");
    let shown: Vec<_> = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    // Metrics about several processes and their heartbeats exist on PostgreSQL only.
    let here = TABLE.iter().filter(|metric| !metric.meaning.starts_with("On PostgreSQL: "));
    let mut table: Vec<_> = here.map(|metric| metric.name).collect();
    table.sort_unstable();
    assert_eq!(shown, table);
    for line in [
        "usher_ready 1",
        "usher_users 8",
        "usher_seats_limit 8",
        "usher_seats_in_use 3",
        "usher_calls_total{code=\"OK\",method=\"grpc.health.v1.Health/Check\"} 1",
        "usher_call_seconds_count{method=\"grpc.health.v1.Health/Check\"} 1",
        "usher_pools_nearly_full{percent=\"100\"} 1",
        "usher_licenses_expiring 0",
        "usher_tenant_seats_in_use{pool=\"crm\",tenant=\"demo\"} 3",
    ] {
        assert!(metrics.lines().any(|shown| shown == line), "no {line} in\n{metrics}");
    }
}

/// Shows that metrics name no tenant by default: there are many, and their names are confidential.
#[test]
fn no_tenant_is_in_the_metrics_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&Data::Folder(folder.path()), &["--demo"]);
    let (_, metrics) = page(program.ops, "/metrics");
    assert!(metrics.contains("usher_tenants 1") && !metrics.contains("tenant="), "{metrics}");
}

#[tokio::test]
async fn the_demo_tenant_is_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::Folder(folder.path());
    let program = Program::start(&data, &["--demo"]);
    let request = || GetUsageRequest { tenant_id: "demo".into() };
    let usage = TenantServiceClient::new(program.channel()).get_usage(request()).await.unwrap().into_inner();
    let pools: Vec<_> =
        usage.pools.iter().map(|pool| (&*pool.pool_id, pool.plan(), pool.limit, pool.granted)).collect();
    assert_eq!(pools, [("crm", Plan::Named, 3, 3), ("primary", Plan::Concurrent, 5, 8)]);
    let users = usage.users.unwrap();
    assert_eq!((users.total, users.administrators), (8, 1));

    // A change to the demo tenant survives a restart.
    let gus = DeleteUserRequest { tenant_id: "demo".into(), user_id: "gus@demo.example".into() };
    DirectoryServiceClient::new(program.channel()).delete_user(gus).await.unwrap();
    program.terminate();
    assert_eq!(program.ended().status.code(), Some(0));
    let program = Program::start(&data, &["--demo"]);
    let usage = TenantServiceClient::new(program.channel()).get_usage(request()).await.unwrap().into_inner();
    assert_eq!(usage.users.unwrap().total, 7);
}

/// Opens a call that never ends, because its body never comes.
fn open_call(api: SocketAddr) -> TcpStream {
    let mut socket = TcpStream::connect(api).unwrap();
    let head = "POST /usher.v1.SeatService/CheckIn HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\
                content-type: application/grpc-web+proto\r\n\r\n";
    socket.write_all(head.as_bytes()).unwrap();
    socket
}

/// Waits until the program counts this many calls in flight.
fn wait_for_open_calls(program: &Program, count: usize) {
    let line = format!("usher_calls_in_flight {count}");
    while !page(program.ops, "/metrics").1.lines().any(|shown| shown == line) {
        std::thread::yield_now();
    }
}

#[test]
fn a_call_that_does_not_end_is_cut_at_the_drain_timeout() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&Data::Folder(folder.path()), &["--drain-timeout", "500ms"]);
    let _open = open_call(program.api);
    wait_for_open_calls(&program, 1);
    program.terminate();
    let ended = program.ended();
    assert_eq!(ended.status.code(), Some(9), "{}", ended.errors);
    assert!(ended.errors.contains("not drained within 500ms"), "{}", ended.errors);
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&Data::Folder(folder.path()), &["--drain-timeout", "1h", "--deadline", "1m"]);
    let _open = open_call(program.api);
    wait_for_open_calls(&program, 1);
    program.terminate();
    while page(program.ops, "/readyz") != ("HTTP/1.1 503 Service Unavailable".into(), "draining\n".into()) {
        std::thread::yield_now();
    }
    assert_eq!(page(program.ops, "/livez").0, "HTTP/1.1 200 OK", "a drain is no reason to kill it");
    program.terminate();
    let ended = program.ended();
    assert_eq!(ended.status.code(), Some(9), "{}", ended.errors);
    assert!(ended.errors.contains("second signal"), "{}", ended.errors);
}
