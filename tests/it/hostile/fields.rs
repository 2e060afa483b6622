//! Header fields that cost their sender a byte each, because they name what was said before (HPACK's dynamic table).

use std::net::SocketAddr;

use super::*;

const CONNECTIONS: usize = 8;
const CALLS: u32 = 1_000;

/// As many fields as are read: they fit into `--max-headers` twice, which counts 32 bytes more for each.
const MANY: usize = 940;
/// So many that a call is taken.
const FEW: usize = 120;

/// MiB at most, and some time after they are gone. Each of the calls had taken 45 KiB.
const MEMORY: f64 = 128.0;
const LEFT: f64 = 20.0;

/// The fields of a call. The first call of a connection says what the field is, and is remembered; the others name it.
fn fields(stream: u32, count: usize) -> Vec<u8> {
    let one: &[u8] = if stream == 1 { &[0x40, 1, b'x', 1, b'y'] } else { &[0xbe] };
    let head = wire::head(wire::HEARTBEAT).into_iter().chain(one.iter().copied());
    head.chain(std::iter::repeat_n(0xbe, count - 1)).collect()
}

/// A connection with many such calls, whose messages never come.
async fn hold(api: SocketAddr, count: usize) -> TcpStream {
    let mut socket = wire::connect(api).await;
    let calls = (0..CALLS).flat_map(|number| {
        let stream = 2 * number + 1;
        wire::frame(wire::HEADERS, wire::END_HEADERS, stream, &fields(stream, count))
    });
    let all: Vec<u8> = wire::hello(&[]).into_iter().chain(calls).collect();
    // It may be thrown out.
    let _ = soon(socket.write_all(&all)).await;
    socket
}

/// Waits until the process has given back what it took.
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

/// A header that is begun on each of many connections, and never ended.
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
