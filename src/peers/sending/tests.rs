//! Tests: what became of a call, for each moment at which its peer can be lost.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::StreamBody;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tonic::Status;

use super::*;
use crate::clock::Clock;
use crate::ids::NodeId;
use crate::peers::tests::{call, peers, row, text};
use crate::peers::{Identity, Peers, Timing, pins::Pins, tls};
use crate::store::nodes::NodeState;
use std::sync::Arc;

const FAST: Timing =
    Timing { connect: Duration::from_millis(500), ping: Duration::from_millis(20), answer: Duration::from_millis(50) };

const HEADERS: u8 = 1;
const DATA: u8 = 0;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const INTERNAL_ERROR: u32 = 2;

fn frame(kind: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, 0], &stream.to_be_bytes(), payload].concat()
}

fn reset(reason: u32) -> Vec<u8> {
    frame(RST_STREAM, 1, &reason.to_be_bytes())
}

fn go_away(last: u32, reason: u32) -> Vec<u8> {
    frame(GOAWAY, 0, &[last.to_be_bytes(), reason.to_be_bytes()].concat())
}

/// A peer that speaks just enough of HTTP/2 to be lost at the moment of choice.
struct Peer {
    socket: TlsStream<TcpStream>,
}

impl Peer {
    /// Reads frames until one of this kind has arrived, and returns its payload; answers none.
    async fn until(&mut self, kind: u8) -> Vec<u8> {
        loop {
            let mut head = [0; 9];
            self.socket.read_exact(&mut head).await.unwrap();
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            let mut payload = vec![0; length];
            self.socket.read_exact(&mut payload).await.unwrap();
            if head[3] == kind {
                return payload;
            }
        }
    }

    async fn write(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).await.unwrap();
        self.socket.flush().await.unwrap();
    }
}

/// Two nodes that know each other, of which the second one is a [`Peer`].
struct Pair {
    peers: Peers,
    node: NodeId,
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Pair {
    async fn new() -> Self {
        let (peers, identity, node) = (peers(FAST), Identity::generate().unwrap(), NodeId::random());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        peers.follow(&[row(node, NodeState::Active, &address, identity.fingerprint())]);
        let pins = Arc::new(Pins::new(identity.fingerprint(), Clock::system()));
        pins.follow(&[row(NodeId::random(), NodeState::Active, "127.0.0.1:1", peers.fingerprint())]);
        let acceptor = TlsAcceptor::from(Arc::new(tls::server_config(&identity, pins).unwrap()));
        Self { peers, node, listener, acceptor }
    }

    async fn accept(&self) -> Peer {
        let (socket, _) = self.listener.accept().await.unwrap();
        let mut peer = Peer { socket: self.acceptor.accept(socket).await.unwrap() };
        let mut preface = [0; 24];
        peer.socket.read_exact(&mut preface).await.unwrap();
        peer.write(&frame(SETTINGS, 0, &[])).await;
        let mut pong = frame(PING, 0, &peer.until(PING).await);
        pong[4] = ACK;
        peer.write(&pong).await;
        peer
    }

    async fn send(&self, body: Body) -> Lost {
        let link = self.peers.find(self.node).unwrap();
        send(&link.pool, call("/x", body), false).await.map(drop).unwrap_err()
    }
}

#[tokio::test]
async fn a_peer_that_was_not_reached_has_nothing_applied() {
    let pair = Pair::new().await;
    let Pair { listener, peers, node, .. } = pair;
    let link = peers.find(node).unwrap();
    // It accepts, and does not shake hands.
    assert_eq!(send(&link.pool, call("/x", text("x")), false).await.map(drop), Err(Lost::NotSent));
    drop(listener);
    assert_eq!(send(&link.pool, call("/x", text("x")), false).await.map(drop), Err(Lost::NotSent));
}

#[tokio::test]
async fn a_peer_that_says_nothing_in_http_has_nothing_applied() {
    let pair = Pair::new().await;
    let silent = async {
        let (socket, _) = pair.listener.accept().await.unwrap();
        let socket = pair.acceptor.accept(socket).await.unwrap();
        std::future::pending::<()>().await;
        drop(socket);
    };
    tokio::select! {
        lost = pair.send(text("x")) => assert_eq!(lost, Lost::NotSent),
        () = silent => {}
    }
}

#[tokio::test]
async fn what_the_peer_refuses_is_not_applied_although_all_of_it_was_sent() {
    for (refusal, lost) in [
        (reset(REFUSED_STREAM), Lost::NotSent),
        (go_away(0, 0), Lost::NotSent),
        (go_away(0, INTERNAL_ERROR), Lost::NotSent),
        (reset(CANCEL), Lost::Unknown),
        (reset(INTERNAL_ERROR), Lost::Unknown),
        // It says that it has looked at the call, and then it goes away.
        (go_away(1, 0), Lost::Unknown),
        (go_away(1, INTERNAL_ERROR), Lost::Unknown),
        (Vec::new(), Lost::Unknown),
    ] {
        let pair = Pair::new().await;
        let refusing = async {
            let mut peer = pair.accept().await;
            peer.until(DATA).await;
            peer.write(&refusal).await;
        };
        let (found, ()) = tokio::join!(pair.send(text("x")), refusing);
        assert_eq!(found, lost, "{refusal:?}");
    }
}

#[tokio::test]
async fn a_call_of_which_no_byte_was_sent_is_not_applied_however_its_connection_ends() {
    let pair = Pair::new().await;
    let body = StreamBody::new(futures_util::stream::pending::<Result<http_body::Frame<Bytes>, Status>>());
    let leaving = async {
        let mut peer = pair.accept().await;
        peer.until(HEADERS).await;
    };
    let (lost, ()) = tokio::join!(pair.send(Body::new(body)), leaving);
    assert_eq!(lost, Lost::NotSent);
}

#[tokio::test]
async fn a_peer_that_stands_still_is_noticed() {
    let pair = Pair::new().await;
    let standing_still = async {
        let mut peer = pair.accept().await;
        peer.until(DATA).await;
        peer.until(PING).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        lost = pair.send(text("x")) => assert_eq!(lost, Lost::Unknown),
        () = standing_still => {}
    }
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_replaced() {
    let pair = Pair::new().await;
    for _ in 0..3 {
        let refusing = async {
            let mut peer = pair.accept().await;
            peer.until(DATA).await;
            peer.write(&reset(REFUSED_STREAM)).await;
            peer
        };
        let (lost, peer) = tokio::join!(pair.send(text("x")), refusing);
        assert_eq!(lost, Lost::NotSent);
        // The peer goes while nothing is under way: the next call finds another connection.
        let (mut sender, _) = pair.peers.find(pair.node).unwrap().pool.connection(false).await.unwrap();
        drop(peer);
        while !sender.is_closed() {
            tokio::task::yield_now().await;
        }
    }
}
