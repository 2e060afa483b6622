//! Through a socket: gRPC-Web over HTTP/1.1.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::super::super::{Listener, Server};
use super::fake::{Fate, at};
use super::*;

async fn ask(address: SocketAddr, more: &str) -> String {
    let body = message(10);
    let mut socket = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let head = format!(
        "POST {HEARTBEAT} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/grpc-web+proto\r\n{more}\
         content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    socket.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_call_of_grpc_web_is_sent_as_a_call_of_grpc() {
    let stage = Stage::new(Fake::told(&[at(1)], &[Fate::Echo]), &[Play::Refuse(usize::MAX, NOT_APPLIED)]);
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.address();
    let server = Server::start(listener, Arc::clone(&stage.handler), &limits(), Arc::clone(&stage.stats));
    let answer = ask(address, "").await;
    assert!(answer.contains("200 OK") && answer.contains("grpc-status:0"), "{answer}");
    assert!(!answer.contains("usher-routing"), "{answer}");
    {
        let sent = stage.fake.sent.lock().unwrap();
        assert!(sent.len() == 1 && sent[0].body == message(10), "{sent:?}");
        assert_eq!(sent[0].headers[CONTENT_TYPE], "application/grpc");
    }
    let answer = ask(address, "usher-peer-visited: x\r\n").await;
    assert!(answer.contains("grpc-status: 3") || answer.contains("grpc-status:3"), "{answer}");
    assert_eq!(stage.seats.calls().len(), 1);
    server.drain(Duration::from_secs(1)).await;
}
