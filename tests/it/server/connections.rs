//! Connections: their number, their lifetime, and their end.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

#[tokio::test]
async fn one_connection_too_many_is_closed_at_once() {
    let running = run("--max-connections 2").await;
    let mut kept = [running.client().await, running.client().await];
    for client in &mut kept {
        client.check(health_check("")).await.unwrap();
    }
    assert_eq!(running.stats.connections_now(), 2);
    closed(TcpStream::connect(running.address).await.unwrap()).await;
    assert_eq!(running.stats.connections_refused(), 1);
    for client in &mut kept {
        client.check(health_check("")).await.unwrap();
    }
}

/// Waits until the server closes the socket; ignores what it sends before.
async fn closed(mut socket: TcpStream) {
    let mut rest = Vec::new();
    // An error is an end as well: a reset.
    let _ = soon(socket.read_to_end(&mut rest)).await;
}

#[tokio::test]
async fn a_connection_that_never_makes_a_call_is_closed() {
    let running = run("--first-call-timeout 50ms").await;
    let mut slow = Vec::new();
    for sent in [&b""[..], b"PRI * HT", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"POST / HTTP/1.1\r\nhost"] {
        let mut socket = TcpStream::connect(running.address).await.unwrap();
        socket.write_all(sent).await.unwrap();
        slow.push(socket);
    }
    for socket in slow {
        closed(socket).await;
    }
    assert_eq!(running.stats.connections_now(), 0);
}

#[tokio::test]
async fn a_connection_that_calls_lives_on_until_its_age_and_its_watcher_is_told() {
    let mut running = run("--first-call-timeout 20ms --max-connection-age 300ms").await;
    let mut client = running.client().await;
    let mut watch = client.watch(health_check("")).await.unwrap().into_inner();
    watch.message().await.unwrap().expect("the first message");
    // A call in flight when its connection is closed may end.
    let mut other = client.clone();
    let open = tokio::spawn(async move { other.check(health_check("hang")).await });
    soon(running.hanging.recv()).await;
    let status = soon(watch.message()).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::Unavailable, "WATCH_ENDED"));
    assert_eq!(running.count(WATCH, "UNAVAILABLE"), 1);
    running.release.add_permits(1);
    soon(open).await.unwrap().unwrap();
    // The client reconnects by itself.
    soon(client.check(health_check(""))).await.unwrap();
}

#[tokio::test]
async fn a_drain_lets_calls_end_tells_watchers_and_refuses_newcomers() {
    let mut running = run("").await;
    let mut client = running.client().await;
    let mut watch = client.watch(health_check("")).await.unwrap().into_inner();
    watch.message().await.unwrap().expect("the first message");
    let mut other = client.clone();
    let open = tokio::spawn(async move { other.check(health_check("hang")).await });
    soon(running.hanging.recv()).await;

    let (drained, ()) = tokio::join!(running.server.drain(SOON), async {
        assert_eq!(soon(watch.message()).await.unwrap_err().code(), Code::Unavailable);
        let refused = async {
            while TcpStream::connect(running.address).await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        soon(refused).await;
        running.release.add_permits(1);
        soon(open).await.unwrap().unwrap();
    });
    assert!(drained, "everything ended by itself");
}

#[tokio::test]
async fn a_drain_does_not_wait_for_ever() {
    let mut running = run("").await;
    let mut client = running.client().await;
    let open = tokio::spawn(async move { client.check(health_check("hang")).await });
    soon(running.hanging.recv()).await;
    assert!(!soon(running.server.drain(Duration::from_millis(50))).await, "it was cut");
    soon(open).await.unwrap().unwrap_err();
}

#[tokio::test]
async fn a_drain_does_not_wait_for_a_client_that_does_not_listen() {
    let running = run("").await;
    let mut socket = TcpStream::connect(running.address).await.unwrap();
    // The preface and empty settings: a client that never reads.
    socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    while running.stats.connections_now() == 0 {
        tokio::task::yield_now().await;
    }
    assert!(soon(running.server.drain(SOON * 2)).await, "no call was cut");
}
