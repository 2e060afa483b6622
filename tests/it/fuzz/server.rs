//! The server of the real program, with arbitrary bytes on a socket: HTTP/2, HTTP/1.1 and gRPC-Web. Each connection
//! ends, and afterward the program works as before.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::fuzz;
use crate::support::program::{Data, Program};

/// Timeout of events that must happen.
const SOON: Duration = Duration::from_secs(20);

/// Returns the bytes that are sent before a case; the case's first byte chooses them.
fn beginning(number: u8, length: usize) -> Vec<u8> {
    let web = |kind: &str| {
        let head = "POST /usher.v1.SeatService/CheckOut HTTP/1.1\r\nhost: localhost\r\nconnection: close";
        format!("{head}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n").into_bytes()
    };
    match number % 5 {
        0 => Vec::new(),
        1 => b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        // The same preface, with empty settings.
        2 => b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec(),
        3 => web("application/grpc-web+proto"),
        _ => web("application/grpc-web-text"),
    }
}

async fn send(program: &Program, bytes: &[u8]) {
    let mut socket = TcpStream::connect(program.api).await.expect("it accepts");
    let all = [beginning(bytes[0], bytes.len() - 1), bytes[1..].to_vec()].concat();
    // The server may close the connection before it has read everything.
    let _ = socket.write_all(&all).await;
    let _ = socket.shutdown().await;
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
}

#[test]
fn any_bytes_on_a_connection() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&Data::Folder(folder.path()), &["--deadline", "1s", "--first-call-timeout", "1s"]);
    fuzz("server", 5, |bytes| {
        if !bytes.is_empty() {
            let ended = runtime.block_on(async { tokio::time::timeout(SOON, send(&program, bytes)).await });
            assert!(ended.is_ok(), "the connection does not end");
        }
    });
    program.terminate();
    let ended = program.ended();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.errors);
    assert!(!ended.errors.contains("panic") && !ended.errors.contains("ERROR"), "{}", ended.errors);
}
