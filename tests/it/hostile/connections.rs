//! Many connections: idle ones, and slow ones.

use std::net::SocketAddr;

use futures_util::StreamExt;
use tokio::task::JoinSet;

use super::*;

/// Numbers of idle and of slow connections.
const IDLE: usize = 10_000;
const SLOW: usize = 5_000;
/// Where the machine's limits allow fewer, the test is meaningful from this number on.
const LEAST: usize = 1_000;

/// Upper bound in MiB for 10,000 idle connections, also the second time: 48 KiB each, of which the buffers of HTTP/2
/// are 28 KiB.
const IDLE_MEMORY: f64 = 480.0;
const SLOW_MEMORY: f64 = 220.0;

/// Returns the number of connections, at most `wanted`, that the limit of open files allows this process. The rest of
/// the process needs few files.
fn allowed(wanted: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).expect("the hard limit may be reached");
    let count = limit.maximum.map_or(wanted, |most| wanted.min((most as usize).saturating_sub(1_500)));
    assert!(count >= LEAST, "{:?} files are too few for this test: raise ulimit -Hn", limit.maximum);
    if count < wanted {
        eprintln!("only {count} connections, not {wanted}: ulimit -Hn allows no more");
    }
    count
}

/// Opens a connection that has made a call, and is idle from then on.
async fn idle(api: SocketAddr) -> TcpStream {
    let mut socket = wire::connect(api).await;
    let call = [wire::hello(&[]), wire::call(1, wire::HEALTH, &[])].concat();
    socket.write_all(&call).await.unwrap();
    assert!(wire::answered(&mut socket).await, "it is served");
    socket
}

/// Opens connections, 64 at a time.
async fn open<C: Future<Output = TcpStream>>(count: usize, connection: impl FnMut(usize) -> C) -> Vec<TcpStream> {
    soon(futures_util::stream::iter(0..count).map(connection).buffer_unordered(64).collect()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_idle_connections_beside_a_working_one() {
    let count = allowed(IDLE);
    let scene = Scene::set(&[]).await;
    let api = scene.program.api;
    let sockets = open(count, |_| idle(api)).await;
    scene.until(&format!("usher_connections {}", count + 1)).await;
    eprintln!("idle: {:.1} KiB for each of {count} connections", scene.growth() * 1024.0 / count as f64);
    scene.neighbor_is_well("idle");
    drop(sockets);
    scene.until("usher_connections 1").await;
    // Memory of closed connections is reused by new ones: nothing leaks.
    drop(open(count, |_| idle(api)).await);
    scene.end("idle", IDLE_MEMORY).await;
}

/// The bytes that slow clients send before they fall silent: in each state the server waits for more.
fn beginnings() -> Vec<Vec<u8>> {
    let head = wire::head(wire::HEARTBEAT);
    vec![
        Vec::new(),
        wire::PREFACE[..9].to_vec(),
        wire::PREFACE.to_vec(),
        wire::hello(&[]),
        // A header block without an end, an incomplete frame, and an incomplete frame length.
        [wire::hello(&[]), wire::frame(wire::HEADERS, 0, 1, &head)].concat(),
        [wire::hello(&[]), wire::frame(wire::HEADERS, wire::END_HEADERS, 1, &head)[..40].to_vec()].concat(),
        [wire::hello(&[]), vec![0, 0]].concat(),
        b"POST /usher.v1.SeatService/Heartbeat HTTP/1.1\r\nhost: localhost\r\ncontent-ty".to_vec(),
    ]
}

/// One client in ten sends its preface byte by byte.
const DRIPPING: usize = 10;

async fn slow(api: SocketAddr, number: usize, beginnings: &[Vec<u8>]) -> TcpStream {
    let mut socket = wire::connect(api).await;
    if !number.is_multiple_of(DRIPPING) {
        socket.write_all(&beginnings[number % beginnings.len()]).await.unwrap();
    }
    socket
}

/// Sends a byte now and then until the connection ends.
async fn drip(mut socket: TcpStream) {
    let mut often = tokio::time::interval(Duration::from_millis(500));
    for byte in wire::hello(&[]) {
        often.tick().await;
        if socket.write_all(&[byte]).await.is_err() {
            return;
        }
    }
    closed(socket).await;
}

/// Waits until the server closes the connection; ignores what it sends before.
async fn closed(mut socket: TcpStream) {
    let mut rest = Vec::new();
    // A reset is an end as well.
    let _ = socket.read_to_end(&mut rest).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_slow_connections() {
    let count = allowed(SLOW);
    let scene = Scene::set(&["--first-call-timeout", "4s"]).await;
    let (api, beginnings) = (scene.program.api, beginnings());
    let sockets = open(count, |number| slow(api, number, &beginnings)).await;
    let mut clients = JoinSet::new();
    for (number, socket) in sockets.into_iter().enumerate() {
        if number.is_multiple_of(DRIPPING) {
            clients.spawn(drip(socket))
        } else {
            clients.spawn(closed(socket))
        };
    }
    scene.neighbor_is_well("slow");
    // No client leaves by itself: the server must close all connections in time.
    soon(clients.join_all()).await;
    scene.end("slow", SLOW_MEMORY).await;
}
