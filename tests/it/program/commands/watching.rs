//! `usher sessions watch`

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};

use serde_json::Value;
use tonic::transport::Channel;
use usher::proto::v1::CheckOutRequest;
use usher::proto::v1::seat_service_client::SeatServiceClient;

use super::{Console, command};
use crate::license::workspace::json;
use crate::support::program::{Data, Program};
use crate::support::proxy::{Network, Proxy};

/// A running `usher sessions watch`. It is killed when dropped.
struct Watcher {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    said: Lines<BufReader<std::process::ChildStderr>>,
}

impl Watcher {
    fn start(words: &str, address: &str) -> Self {
        let mut command = command(&format!("sessions watch --tenant demo --address {address} {words}"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let said = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        Self { child, lines, said }
    }

    fn line(&mut self) -> String {
        self.lines.next().expect("a line").expect("text")
    }

    fn event(&mut self) -> Value {
        json(&self.line())
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn starts_and_ends_are_told_as_they_happen() {
    let console = Console::open();
    let address = console.program.api.to_string();
    let mut watcher = Watcher::start("--json", &address);
    assert!(watcher.event()["watching"].is_object(), "the watch has begun");
    let ann = console.sign_in("ann", "laptop").await;
    let started = watcher.event();
    assert_eq!(started["started"]["session"]["session_id"], ann.as_str());
    console.says(&format!("sessions close --force {ann}"));
    let ended = watcher.event();
    assert_eq!(ended["ended"]["reason"], "SESSION_END_REASON_CLOSED");
    assert_ne!(ended["cursor"], started["cursor"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lost_connection_loses_no_event() {
    let console = Console::open();
    let proxy = Proxy::to(console.program.api).await;
    let mut watcher = Watcher::start("--json", &proxy.address.to_string());
    assert!(watcher.event()["watching"].is_object(), "the watch has begun");
    proxy.set(Network::Refuses);
    let bob = console.sign_in("bob", "phone").await;
    let lost = watcher.said.next().expect("a line").expect("text");
    assert!(lost.ends_with("; going on as soon as it answers"), "{lost}");
    proxy.set(Network::Works);
    assert!(watcher.event()["watching"].is_object(), "it goes on");
    assert_eq!(watcher.event()["started"]["session"]["session_id"], bob.as_str());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_ends_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::Folder(folder.path());
    let program = Program::start(&data, &["--demo"]);
    let proxy = Proxy::to(program.api).await;
    let mut watcher = Watcher::start("--json", &proxy.address.to_string());
    assert!(watcher.event()["watching"].is_object(), "the watch has begun");
    program.terminate();
    assert_eq!(program.ended().status.code(), Some(0));
    let program = Program::start(&data, &["--demo"]);
    check_out(&mut program.seats()).await;
    proxy.turn_to(program.api);
    assert!(watcher.event()["watching"].is_object(), "it goes on");
    // The new process may not know the events before its start: then it tells the client to list again.
    let event = watcher.event();
    assert!(event["list_again"].is_object() || event["started"].is_object(), "{event:#}");
}

async fn check_out(seats: &mut SeatServiceClient<Channel>) {
    let (tenant_id, pool_id, user_id) = ("demo".into(), "primary".into(), "ann@demo.example".into());
    let request = CheckOutRequest { tenant_id, pool_id, user_id, device_id: "laptop".into(), ..Default::default() };
    seats.check_out(request).await.unwrap();
}

#[test]
fn without_a_first_answer_it_ends() {
    let console = Console::open();
    assert!(console.refuses("sessions watch --tenant ghost", 1).ends_with("(RESOURCE_NOT_FOUND)"));
    assert!(console.refuses("sessions watch --address 127.0.0.1:1", 3).contains("cannot be reached"));
}
