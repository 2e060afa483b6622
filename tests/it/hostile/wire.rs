//! HTTP/2 by hand: frames that no client library would send.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};

pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Types of frames, and their flags.
pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;

pub const HEALTH: &str = "/grpc.health.v1.Health/Check";
pub const HEALTH_WATCH: &str = "/grpc.health.v1.Health/Watch";
pub const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
pub const HEARTBEAT: &str = "/usher.v1.SeatService/Heartbeat";
pub const WATCH: &str = "/usher.v1.SessionService/WatchSessions";

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short payload").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Returns the preface and the client's settings: pairs of a number and a value.
pub fn hello(settings: &[(u16, u32)]) -> Vec<u8> {
    let pairs: Vec<u8> =
        settings.iter().flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat()).collect();
    [PREFACE, &frame(SETTINGS, 0, 0, &pairs)].concat()
}

/// Returns a header as a literal without indexing (RFC 7541, 6.2.2), without Huffman coding.
pub fn header(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0];
    for text in [name, value] {
        // An integer with a prefix of seven bits (5.1).
        match u8::try_from(text.len()) {
            Ok(short @ 0..127) => bytes.push(short),
            _ => {
                bytes.push(127);
                let mut rest = text.len() - 127;
                while rest >= 128 {
                    bytes.push((rest % 128) as u8 | 128);
                    rest /= 128;
                }
                bytes.push(rest as u8);
            }
        }
        bytes.extend(text.as_bytes());
    }
    bytes
}

/// Returns the headers of a gRPC call.
pub fn head(path: &str) -> Vec<u8> {
    head_to("localhost", path)
}

/// Returns the headers of a call for another authority.
pub fn head_to(authority: &str, path: &str) -> Vec<u8> {
    [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", authority), ("te", "trailers")]
        .into_iter()
        .chain([("content-type", "application/grpc")])
        .flat_map(|(name, value)| header(name, value))
        .collect()
}

/// Returns a whole call with an encoded message.
pub fn call(stream: u32, path: &str, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a short message").to_be_bytes();
    let framed = [&[0], &length[..], message].concat();
    [frame(HEADERS, END_HEADERS, stream, &head(path)), frame(DATA, END_STREAM, stream, &framed)].concat()
}

/// Connects from one of many addresses of this machine, because one address has too few ports.
pub async fn connect(to: SocketAddr) -> TcpStream {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let host = COUNT.fetch_add(1, Ordering::Relaxed) / 2_000;
    let socket = TcpSocket::new_v4().expect("a file descriptor");
    let from = SocketAddr::from(([127, 1, (host / 250) as u8, 1 + (host % 250) as u8], 0));
    socket.bind(from).expect("a free port");
    socket.connect(to).await.expect("the server accepts")
}

/// Reads frames until one ends a stream. Returns `false` if the connection ends before that.
pub async fn answered(socket: &mut TcpStream) -> bool {
    let mut head = [0; 9];
    let mut payload = Vec::new();
    loop {
        if socket.read_exact(&mut head).await.is_err() {
            return false;
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        payload.resize(length, 0);
        if socket.read_exact(&mut payload).await.is_err() {
            return false;
        }
        if matches!(head[3], DATA | HEADERS) && head[4] & END_STREAM != 0 {
            return true;
        }
    }
}
