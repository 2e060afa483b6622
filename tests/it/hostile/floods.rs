//! Endless frames, as fast as a socket takes them, of every kind that costs the server more than the client.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::wire::{CONTINUATION, DATA, END_HEADERS, HEADERS, PING, PRIORITY, RST_STREAM, SETTINGS, WINDOW_UPDATE};
use super::*;

/// Number of concurrent connections that flood. When the server closes one, the next begins.
const FLOODERS: usize = 2;

/// Limits of a flooder: every `BEAT` it sends at most 1,000 frames (200,000 a second) or `PIECE` bytes. An otherwise
/// idle machine can take more, but then the test would measure the machine's speed, and not how Usher protects other
/// clients.
const FRAMES: usize = 1_000;
const PIECE: usize = 32 * 1024;
const BEAT: Duration = Duration::from_millis(5);

/// Upper bound for the memory of all flooders, in MiB.
const MEMORY: f64 = 64.0;

/// Number of header fields, each with a name of its own.
const KEYS: usize = 1_000_000;

struct Flood {
    what: &'static str,
    beginning: Vec<u8>,
    /// Sent after the beginning: once, or again and again if `endless`.
    rest: Vec<u8>,
    endless: bool,
}

impl Flood {
    fn endless(what: &'static str, beginning: &[u8], frame: &[u8]) -> Self {
        Self {
            what,
            beginning: beginning.to_vec(),
            rest: frame.repeat(FRAMES.min(PIECE.div_ceil(frame.len()))),
            endless: true,
        }
    }

    /// Runs one connection, until the server closes it or everything is sent.
    async fn run(&self, api: SocketAddr) {
        let (mut read, mut write) = wire::connect(api).await.into_split();
        let mut nothing = vec![0; 16 * 1024];
        let reading = async { while read.read(&mut nothing).await.is_ok_and(|read| read > 0) {} };
        let writing = async {
            let mut beat = tokio::time::interval(BEAT);
            let again = std::iter::repeat_n(&self.rest, if self.endless { usize::MAX } else { 1 });
            for piece in std::iter::once(&self.beginning).chain(again).flat_map(|bytes| bytes.chunks(PIECE)) {
                beat.tick().await;
                if write.write_all(piece).await.is_err() {
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

fn floods() -> Vec<Flood> {
    let hello = wire::hello(&[]);
    let head = wire::head(wire::HEARTBEAT);
    let open_head = [&hello[..], &wire::frame(HEADERS, 0, 1, &head)].concat();
    let open_call = [&hello[..], &wire::frame(HEADERS, END_HEADERS, 1, &head)].concat();
    let long = wire::header("x-long", &"x".repeat(16 * 1024 - 20));
    let web = b"POST /usher.v1.SeatService/Heartbeat HTTP/1.1\r\nhost: localhost\r\n";
    let chunked = [&web[..], b"content-type: application/grpc-web\r\ntransfer-encoding: chunked\r\n\r\n"].concat();
    vec![
        Flood { what: "a million keys", beginning: open_head.clone(), rest: keys(), endless: false },
        Flood { what: "resets", beginning: hello.clone(), rest: resets(), endless: false },
        Flood::endless("empty continuations", &open_head, &wire::frame(CONTINUATION, 0, 1, &[])),
        Flood::endless("long continuations", &open_head, &wire::frame(CONTINUATION, 0, 1, &long)),
        Flood::endless("pings", &hello, &wire::frame(PING, 0, 0, &[7; 8])),
        Flood::endless("settings", &hello, &wire::frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100])),
        Flood::endless("windows", &hello, &wire::frame(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes())),
        Flood::endless("priorities", &hello, &wire::frame(PRIORITY, 0, 1, &[0, 0, 0, 3, 16])),
        Flood::endless("unknown frames", &hello, &wire::frame(0xbe, 0, 0, &[])),
        Flood::endless("empty data", &open_call, &wire::frame(DATA, 0, 1, &[])),
        Flood::endless("padding", &open_call, &wire::frame(DATA, 8, 1, &[1, 0])),
        Flood::endless("headers of HTTP/1.1", web, b"x-more: and more\r\n"),
        Flood::endless("chunks", &chunked, b"1\r\n\0\r\n"),
    ]
}

fn keys() -> Vec<u8> {
    let keys: Vec<u8> = (0..KEYS).flat_map(|number| wire::header(&format!("x-{number}"), "")).collect();
    let frames = keys.chunks(16 * 1024).flat_map(|keys| wire::frame(CONTINUATION, 0, 1, keys));
    frames.chain(wire::frame(CONTINUATION, END_HEADERS, 1, &[])).collect()
}

/// Returns complete calls, each with an immediate reset.
fn resets() -> Vec<u8> {
    let call = |number: u32| {
        let stream = 2 * number + 1;
        let reset = wire::frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes());
        [wire::call(stream, wire::HEARTBEAT, &[0x0a, 1, b'a']), reset].concat()
    };
    (0..10_000).flat_map(call).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_without_end() {
    let scene = Scene::set(&[]).await;
    let api = scene.program.api;
    for flood in floods().into_iter().map(Arc::new) {
        let mut flooders = JoinSet::new();
        for _ in 0..FLOODERS {
            let flood = Arc::clone(&flood);
            flooders.spawn(async move {
                loop {
                    flood.run(api).await;
                }
            });
        }
        scene.neighbor_is_well(flood.what);
        flooders.shutdown().await;
        scene.until("usher_connections 1").await;
    }
    scene.end("floods", MEMORY).await;
}
