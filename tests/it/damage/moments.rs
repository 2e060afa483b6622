//! The first moments of a process, and times that no calendar has.

use std::io::Write;
use std::process::{Command, Stdio};

use usher::proto::v1::ListAuditEventsRequest;
use usher::proto::v1::audit_service_client::AuditServiceClient;

use crate::store_tools::{check, test_data};
use crate::support::clock::ClockShim;
use crate::support::program::{Data, Program};

/// The process waits for its configuration from a pipe, and has done nothing else yet. TERM and INT at this moment end
/// it in order, and HUP does not end it.
#[test]
fn a_signal_before_the_configuration_is_read_ends_it_with_0() {
    // A database that accepts a connection and never answers: no process gets further before it sees the signal.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let database = format!("postgres://usher:hush@{}/usher?connect_timeout=1", silent.local_addr().unwrap());
    for signal in ["TERM", "INT", "HUP"] {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("url");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let mut usher = Command::new(env!("CARGO_BIN_EXE_usher"));
        usher.args(["serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"]);
        usher.env("DATABASE_URL_FILE", &pipe).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let usher = usher.spawn().unwrap();
        // Opening the pipe waits until the process opens the other end.
        let mut url = std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
        let kill = Command::new("kill").args([format!("-{signal}"), usher.id().to_string()]).status();
        assert!(kill.unwrap().success());
        url.write_all(database.as_bytes()).unwrap();
        drop(url);
        let ended = usher.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&ended.stderr);
        // SIGHUP ends no process: then the database does not answer in time.
        let expected = if signal == "HUP" { 3 } else { 0 };
        assert_eq!(ended.status.code(), Some(expected), "SIG{signal}: {:?}: {errors}", ended.status);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_no_calendar_has_is_no_crash() {
    let shim = ClockShim::new();
    // The years 20000 and 1950, and times beyond 64 bits of milliseconds.
    for seconds in [568_000_000_000, -2_600_000_000, 9_300_000_000_000_000_i64, -9_300_000_000_000_000] {
        let folder = tempfile::tempdir().unwrap();
        let data = Data::Folder(folder.path());
        let environment = shim.environment(seconds);
        let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
        let program = Program::launch(&data, &["--demo"], &environment).unwrap_or_else(|ended| panic!("{ended:?}"));
        test_data::people(&program).await;
        test_data::sign_in(&program, "ann").await;
        let request = ListAuditEventsRequest { tenant_id: "demo".into(), ..Default::default() };
        let page = AuditServiceClient::new(program.channel()).list_audit_events(request).await.unwrap().into_inner();
        assert!(page.events.len() > 10, "{seconds}");
        program.terminate();
        let ended = program.ended();
        assert_eq!(ended.status.code(), Some(0), "{seconds}: {}", ended.errors);
        assert!(!ended.errors.contains("panicked"), "{seconds}: {}", ended.errors);
        check(&data).printed();
        // A start with the right time works, too.
        let program = Program::start(&data, &[]);
        program.terminate();
        assert_eq!(program.ended().status.code(), Some(0), "{seconds}");
    }
}
