//! One HTTP/2 connection to a peer.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::{Ping, PingPong, SendStream};
use http::Request;
use http::uri::Authority;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

use super::after_others::after_others;
use super::head::MAX_HEADERS;

/// Bytes that are on the way to one call's reader, and to all of a connection: a client that does not read its stream
/// holds up nobody else's, as long as there are not hundreds of them.
const CALL_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 64 * 1024 * 1024;

/// How soon a peer that is silent is noticed.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Until it is connected, with the handshakes.
    pub connect: Duration,
    /// From an answer to the next question whether it is there.
    pub ping: Duration,
    /// From the question on.
    pub answer: Duration,
}

impl Timing {
    /// A peer that is cut off, or stands still, is noticed after two seconds.
    pub const DEFAULT: Timing = Timing {
        connect: Duration::from_secs(1),
        ping: Duration::from_millis(500),
        answer: Duration::from_millis(1_500),
    };
}

/// The sending end of a connection.
#[derive(Debug, Clone)]
pub(super) struct Sender(SendRequest<Bytes>);

impl Sender {
    /// Returns true if no call can be sent any more: the connection has failed, the peer goes away, or the numbers of
    /// streams are used up.
    pub fn is_closed(&mut self) -> bool {
        matches!(self.0.poll_ready(&mut Context::from_waker(Waker::noop())), Poll::Ready(Err(_)))
    }

    /// Sends the head of a call.
    ///
    /// # Errors
    /// Nothing was sent.
    pub fn send(&mut self, head: Request<()>) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
        self.0.send_request(head, false)
    }
}

/// Connects to a peer, and waits until it has accepted this process. The connection ends when nobody has its sender any
/// more, when it fails, or when the peer is `gone`.
pub(super) async fn connect(
    address: &Authority,
    tls: Arc<ClientConfig>,
    timing: Timing,
    gone: CancellationToken,
) -> io::Result<Sender> {
    let connecting = connect_without_end(address, tls, timing, gone.clone());
    tokio::select! {
        connected = tokio::time::timeout(timing.connect, connecting) => connected?,
        () = gone.cancelled() => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}

async fn connect_without_end(
    address: &Authority,
    tls: Arc<ClientConfig>,
    timing: Timing,
    gone: CancellationToken,
) -> io::Result<Sender> {
    let socket = TcpStream::connect(address.as_str()).await?;
    // An answer is one small frame, which must not wait for an acknowledgment.
    socket.set_nodelay(true)?;
    // No certificate is compared with a name, and none is sent.
    let nobody = ServerName::try_from("peer").map_err(io::Error::other)?;
    let socket = TlsConnector::from(tls).connect(nobody, socket).await?;
    let (sender, mut connection) = http().handshake(socket).await.map_err(io::Error::other)?;
    let pings = connection.ping_pong().ok_or(io::ErrorKind::Other)?;
    let (accepts, accepted) = oneshot::channel();
    tokio::spawn(after_others(async move {
        tokio::select! {
            _ = connection => {}
            () = answers(pings, accepts, timing) => {}
            () = gone.cancelled() => {}
        }
    }));
    // In TLS 1.3 a server looks at the client's certificate after the client is done: only its first answer says that it
    // has accepted this process. A call that is sent before may be nobody's.
    accepted.await.map_err(|_| io::Error::from(io::ErrorKind::ConnectionRefused))?;
    Ok(Sender(sender))
}

fn http() -> Builder {
    let mut http = Builder::new();
    http.initial_window_size(CALL_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(MAX_HEADERS)
        .enable_push(false);
    http
}

/// Asks the peer whether it is there, until it does not answer. Reports its first answer.
async fn answers(mut pings: PingPong, accepts: oneshot::Sender<()>, timing: Timing) {
    let mut accepts = Some(accepts);
    while let Ok(Ok(_)) = tokio::time::timeout(timing.answer, pings.ping(Ping::opaque())).await {
        if let Some(accepts) = accepts.take() {
            let _ = accepts.send(());
        }
        tokio::time::sleep(timing.ping).await;
    }
}
