//! gRPC-Web over HTTP/1.1, written by hand, including requests that only such a client can send.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

#[tokio::test]
async fn grpc_web_speaks_http_1_and_so_do_its_errors() {
    let running = run("").await;
    // An empty message in its frame: five zero bytes.
    let (head, body) = post(&running, "/grpc.health.v1.Health/Check", GRPC_WEB, "", &[0; 5]).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    // A message with status 1 (serving), then the trailers in a frame of their own.
    assert_eq!(body[..7], [0, 0, 0, 0, 2, 8, 1]);
    assert!(String::from_utf8_lossy(&body[7..]).contains("grpc-status:0"), "{body:?}");
    let (head, _) = post(&running, "/made.up/Method", GRPC_WEB, "", &[0; 5]).await;
    assert!(head.contains("grpc-status: 12"), "{head}");
    let (head, _) = post(&running, "/grpc.health.v1.Health/Check", "text/plain", "", b"hello").await;
    assert!(head.starts_with("HTTP/1.1 415"), "{head}");
    let (head, _) = post(&running, "/grpc.health.v1.Health/Check", "application/grpc", "", &[0; 5]).await;
    assert!(head.starts_with("HTTP/1.1 400"), "{head}");
    assert_eq!(running.count(CHECK, "OK"), 1);
}

#[tokio::test]
async fn a_call_ends_at_its_own_deadline_the_default_or_the_longest() {
    // Uses gRPC-Web, because tonic's client gives up by itself at the deadline that it sends.
    let hang = [&[0, 0, 0, 0, 6, 0x0a, 4][..], b"hang"].concat();
    for (options, header) in [
        ("", "grpc-timeout: 50m\r\n"),
        ("--deadline 50ms", ""),
        ("--deadline 50ms --max-deadline 50ms", "grpc-timeout: 10H\r\n"),
        ("--deadline 50ms", "grpc-timeout: nonsense\r\n"),
    ] {
        let mut running = run(options).await;
        let (head, _) = post(&running, "/grpc.health.v1.Health/Check", GRPC_WEB, header, &hang).await;
        assert!(head.contains("grpc-status: 4") && head.contains("grpc-message: the%20deadline"), "{head}");
        assert!(running.hanging.recv().await.is_some(), "it was under way");
        assert_eq!((running.count(CHECK, "DEADLINE_EXCEEDED"), running.stats.calls_now()), (1, 0));
    }
}

#[tokio::test]
async fn bytes_that_are_no_message_are_a_bad_argument_with_details() {
    let running = run("").await;
    let path = "/grpc.health.v1.Health/Check";
    // A field that is cut off; a string that is no UTF-8; a message that is announced as longer than the limit.
    for body in [&[0, 0, 0, 0, 1, 0xff][..], &[0, 0, 0, 0, 3, 0x0a, 1, 0xff], &[0, 0, 0x50, 0, 0]] {
        let (head, _) = post(&running, path, GRPC_WEB, "", body).await;
        assert!(head.contains("grpc-status: 3") && head.contains("grpc-status-details-bin: "), "{head}");
    }
    assert_eq!(running.count(CHECK, "INVALID_ARGUMENT"), 3);
    let mut client = running.client().await;
    assert_eq!(
        reason(&client.check(health_check("refuse")).await.unwrap_err()),
        "TOLD",
        "a handler's own details stay"
    );
}

/// Sends one HTTP/1.1 request. Returns the head, and the body with its chunks joined.
async fn post(running: &Running, path: &str, content_type: &str, header: &str, body: &[u8]) -> (String, Vec<u8>) {
    let mut socket = TcpStream::connect(running.address).await.unwrap();
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: {content_type}\r\n\
         content-length: {length}\r\n{header}\r\n"
    );
    socket.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
    let mut answer = Vec::new();
    soon(socket.read_to_end(&mut answer)).await.unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("the end of the head");
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase().replace("http/", "HTTP/");
    let rest = &answer[end + 4..];
    (head.clone(), if head.contains("chunked") { chunks(rest) } else { rest.to_vec() })
}

fn chunks(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|two| two == b"\r\n").expect("a chunk's size");
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&rest[line + 2..line + 2 + size]);
        rest = &rest[line + 2 + size + 2..];
    }
}
