//! One HTTP/2 connection to a peer.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::uri::Authority;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::head::MAX_HEADERS;
use super::request_body::RequestBody;

/// Bytes that are on the way to one call's reader, and to all of a connection: a client that does not read its stream
/// holds up nobody else's, as long as there are not hundreds of them.
const CALL_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 64 * 1024 * 1024;

/// How soon a peer that is silent is noticed.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Until it is connected, with the handshakes.
    pub connect: Duration,
    /// Silence after which it is asked whether it is there.
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
pub(super) type Sender = SendRequest<RequestBody>;

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
    let (heard, hears) = oneshot::channel();
    let socket = Socket { inner: socket, heard: Some(heard), gone: Box::pin(gone.cancelled_owned()) };
    let (sender, connection) = http(timing).handshake(TokioIo::new(socket)).await.map_err(io::Error::other)?;
    tokio::spawn(connection);
    // In TLS 1.3 a server looks at the client's certificate after the client is done: only its first frame, which its
    // HTTP/2 begins with, says that it has accepted this process. A call that is sent before may be nobody's.
    hears.await.map_err(|_| io::Error::from(io::ErrorKind::ConnectionRefused))?;
    Ok(sender)
}

fn http(timing: Timing) -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    http.timer(TokioTimer::new())
        .initial_stream_window_size(CALL_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(MAX_HEADERS)
        .keep_alive_interval(timing.ping)
        .keep_alive_timeout(timing.answer)
        .keep_alive_while_idle(true);
    http
}

/// A socket that reports the first time something is read from it, and that fails when the peer is gone.
struct Socket<S> {
    inner: S,
    heard: Option<oneshot::Sender<()>>,
    gone: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Socket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.gone.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let before = buffer.filled().len();
        let read = ready!(pin!(&mut self.inner).poll_read(context, buffer));
        if buffer.filled().len() > before
            && let Some(heard) = self.heard.take()
        {
            let _ = heard.send(());
        }
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        pin!(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        pin!(&mut self.inner).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        pin!(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        pin!(&mut self.inner).poll_shutdown(context)
    }
}
