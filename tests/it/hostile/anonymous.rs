//! Callers without a credential: whatever they hold open or repeat, other callers do not wait for it and are not
//! refused.

use std::net::SocketAddr;

use tokio::task::JoinSet;

use super::*;

/// Connections from one address, and calls on each: together more than the program admits at once.
const CONNECTIONS: usize = 20;
const CALLS: u32 = 1_000;

/// Calls that one address may hold open, in addition to one on each connection.
const SHARE: usize = 256;

/// Upper bound for the memory of all these callers, in MiB.
const MEMORY: f64 = 96.0;

/// Opens a connection with many calls that never end. Reads and discards their answers.
async fn hold(api: SocketAddr, call: impl Fn(u32) -> Vec<u8>) -> JoinHandle {
    let (mut read, mut write) = wire::connect(api).await.into_split();
    let calls = (0..CALLS).flat_map(|number| call(2 * number + 1));
    let all: Vec<u8> = wire::hello(&[]).into_iter().chain(calls).collect();
    JoinHandle(tokio::spawn(async move {
        let reading = async { while read.read(&mut [0; 16 * 1024]).await.is_ok_and(|read| read > 0) {} };
        let writing = async {
            // The server may close the connection.
            let _ = write.write_all(&all).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = reading => {}
            () = writing => {}
        }
    }))
}

/// A task that is aborted when its handle is dropped.
struct JoinHandle(tokio::task::JoinHandle<()>);

impl Drop for JoinHandle {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Scene {
    async fn calls_in_flight(&self) -> usize {
        let page = self.metrics().await;
        let line = page.lines().find_map(|line| line.strip_prefix("usher_calls_in_flight ")).expect("it is counted");
        line.parse().expect("a number")
    }

    /// Asserts that a health probe on a connection of its own is answered.
    async fn is_probed(&self) {
        let mut socket = wire::connect(self.program.api).await;
        let call = [wire::hello(&[]), wire::call(1, wire::HEALTH, &[])].concat();
        socket.write_all(&call).await.unwrap();
        assert!(soon(wire::answered(&mut socket)).await, "a probe is answered");
    }

    /// Asserts that many connections with open calls harm nobody.
    async fn is_held(&self, what: &str, call: impl Fn(u32) -> Vec<u8> + Copy) {
        let mut held = Vec::new();
        for _ in 0..CONNECTIONS {
            held.push(hold(self.program.api, call).await);
        }
        self.until(&format!("usher_connections {}", CONNECTIONS + 1)).await;
        for _ in 0..5 {
            self.is_probed().await;
            self.neighbor.login();
        }
        self.neighbor_is_well(what);
        let open = self.calls_in_flight().await;
        assert!(open <= SHARE + CONNECTIONS + 1, "{what}: {open} calls are open");
        drop(held);
        self.until("usher_connections 1").await;
    }
}

/// Returns the start of a call whose message never follows.
fn begun(stream: u32, head: &[u8]) -> Vec<u8> {
    wire::frame(wire::HEADERS, wire::END_HEADERS, stream, head)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_without_a_credential_that_stay_open_lock_nobody_out() {
    let scene = Scene::set(&[]).await;
    scene.is_held("watches of health", |stream| wire::call(stream, wire::HEALTH_WATCH, &[])).await;
    scene.is_held("half checks of health", |stream| begun(stream, &wire::head(wire::HEALTH))).await;
    scene.is_held("streams of reflection", |stream| begun(stream, &wire::head(wire::REFLECTION))).await;
    scene.is_held("refused calls", |stream| begun(stream, &wire::head_to("elsewhere.example", wire::HEARTBEAT))).await;
    scene.is_held("unknown methods", |stream| begun(stream, &wire::head("/a.B/C"))).await;
    scene.end("open calls", MEMORY).await;
}

/// Sends calls that are refused, as fast as the server reads them, until the task is aborted.
async fn storm(api: SocketAddr) {
    loop {
        let (mut read, mut write) = wire::connect(api).await.into_split();
        let head = wire::head_to("elsewhere.example", wire::HEARTBEAT);
        let reading = async { while read.read(&mut [0; 16 * 1024]).await.is_ok_and(|read| read > 0) {} };
        let writing = async {
            let mut hello = wire::hello(&[]);
            for piece in 0.. {
                let calls = (0..100).flat_map(|number| {
                    let stream = 2 * (100 * piece + number) + 1;
                    [begun(stream, &head), wire::frame(wire::DATA, wire::END_STREAM, stream, &[0; 5])].concat()
                });
                let bytes: Vec<u8> = std::mem::take(&mut hello).into_iter().chain(calls).collect();
                if write.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = reading => {}
            () = writing => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_calls_as_fast_as_they_come_are_read_more_slowly() {
    let scene = Scene::set(&[]).await;
    let mut storms = JoinSet::new();
    for _ in 0..16 {
        storms.spawn(storm(scene.program.api));
    }
    for _ in 0..5 {
        scene.is_probed().await;
        scene.neighbor_is_well("a storm of refused calls");
    }
    storms.shutdown().await;
    let page = scene.metrics().await;
    let refused = page.lines().filter_map(|line| line.strip_prefix("usher_authentication_failures_total{reason="));
    let refused: f64 = refused.filter_map(|line| line.split_once("} ")?.1.parse::<f64>().ok()).sum();
    eprintln!("a storm: {refused} calls were refused");
    // Between the burst of an address and its rate over a minute: a test that takes longer has failed already.
    assert!((1_000.0..15_000.0).contains(&refused), "{refused}");
    scene.end("a storm", MEMORY).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_shown_a_credential_is_bounded_by_the_calls_in_all() {
    let scene = Scene::set(&["--max-calls", "3"]).await;
    // This server needs no credential, so every admitted call counts as authenticated.
    let begun = (0..3).flat_map(|number| begun(2 * number + 1, &wire::head(wire::HEARTBEAT)));
    let mut socket = wire::connect(scene.program.api).await;
    let all: Vec<u8> = wire::hello(&[]).into_iter().chain(begun).collect();
    socket.write_all(&all).await.unwrap();
    scene.until("usher_calls_in_flight 3").await;
    let status = scene.program.seats().check_out(neighbor::check_out(neighbor::USER)).await.unwrap_err();
    let info = tonic_types::StatusExt::get_details_error_info(&status).expect("every error has it");
    assert_eq!((status.code(), info.reason.as_str()), (tonic::Code::Unavailable, "OVERLOADED"));
    scene.is_probed().await;
    drop(socket);
    scene.until("usher_calls_in_flight 0").await;
    scene.end("calls in all", MEMORY).await;
}
