//! Header fields that cost their sender one byte each, because they refer to an earlier field (HPACK's dynamic table).

use std::net::SocketAddr;

use super::*;

const CONNECTIONS: usize = 8;
const CALLS: u32 = 1_000;

/// The most fields that the server reads: they fit into twice `--max-headers`, which counts 32 bytes more for each.
const MANY: usize = 940;
/// A number of fields with which a call is accepted.
const FEW: usize = 120;

/// Upper bounds in MiB: at any time, and some time after the clients are gone. Each of these calls used to take 45 KiB.
const MEMORY: f64 = 128.0;
const LEFT: f64 = 20.0;

/// Returns the header fields of a call. The first call of a connection adds the field to the dynamic table; all other
/// fields refer to it.
fn fields(stream: u32, count: usize) -> Vec<u8> {
    let one: &[u8] = if stream == 1 { &[0x40, 1, b'x', 1, b'y'] } else { &[0xbe] };
    let head = wire::head(wire::HEARTBEAT).into_iter().chain(one.iter().copied());
    head.chain(std::iter::repeat_n(0xbe, count - 1)).collect()
}

/// Opens a connection with many such calls, whose messages never follow.
async fn hold(api: SocketAddr, count: usize) -> TcpStream {
    let mut socket = wire::connect(api).await;
    let calls = (0..CALLS).flat_map(|number| {
        let stream = 2 * number + 1;
        wire::frame(wire::HEADERS, wire::END_HEADERS, stream, &fields(stream, count))
    });
    let all: Vec<u8> = wire::hello(&[]).into_iter().chain(calls).collect();
    // The server may close the connection.
    let _ = soon(socket.write_all(&all)).await;
    socket
}

/// Waits until the process has released the memory.
async fn given_back(scene: &Scene, what: &str) {
    let waited = async {
        let mut often = tokio::time::interval(Duration::from_millis(100));
        while scene.growth() > LEFT {
            often.tick().await;
            scene.metrics().await;
        }
    };
    let in_time = tokio::time::timeout(SOON, waited).await;
    assert!(in_time.is_ok(), "{what}: {:.1} MiB are left", scene.growth());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_that_cost_a_byte_each_take_no_memory() {
    let scene = Scene::set(&["--deadline", "20s"]).await;
    for (what, count) in [("many fields", MANY), ("few fields", FEW)] {
        let mut held = Vec::new();
        for _ in 0..CONNECTIONS {
            held.push(hold(scene.program.api, count).await);
        }
        scene.neighbor_is_well(what);
        eprintln!("{what}: {:.1} MiB while they are held", scene.growth());
        drop(held);
        scene.until("usher_connections 1").await;
        given_back(&scene, what).await;
    }
    scene.end("fields", MEMORY).await;
}

/// Shows that header blocks which are begun on many connections and never ended take bounded memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_headers_are_bounded() {
    let scene = Scene::set(&[]).await;
    let mut held = Vec::new();
    for _ in 0..500 {
        let mut socket = wire::connect(scene.program.api).await;
        let begun = wire::frame(wire::HEADERS, 0, 1, &fields(1, MANY));
        socket.write_all(&[wire::hello(&[]), begun].concat()).await.unwrap();
        held.push(socket);
    }
    scene.until("usher_connections 501").await;
    scene.neighbor_is_well("half headers");
    drop(held);
    scene.until("usher_connections 1").await;
    given_back(&scene, "half headers").await;
    scene.end("half headers", MEMORY).await;
}
