//! The accept loop: bounds the number of connections, and drains them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Limits;
use super::anonymous::AnonymousBudget;
use super::serve::{Client, Handler, Lifetime, StopSignals, serve};
use super::stats::Stats;
use super::tls::{Accepted, Handshake, Tls};
use crate::auth::{Peer, network};
use crate::clock::Clock;
use crate::ids::random_seed;

/// Time within which a connection without calls must close after GOAWAY: a round trip, and the last bytes of an answer.
const IDLE_CLOSE_DELAY: Duration = Duration::from_secs(1);
const IDLE_CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// A bound socket. Clients can connect from now on; they wait until a server starts on it.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    /// `None`: plaintext.
    tls: Option<Arc<dyn Handshake>>,
    /// True: its clients are other nodes of the installation, which multiplex the calls of many.
    for_peers: bool,
}

impl Listener {
    /// Binds a socket.
    ///
    /// # Errors
    /// The address is in use, is not an address of this machine, or is not permitted.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address, tls: None, for_peers: false })
    }

    /// Accepts only TLS; `None`: only plaintext.
    #[must_use]
    pub fn with_tls(mut self, tls: Option<Arc<Tls>>) -> Self {
        self.tls = tls.map(|tls| tls as Arc<dyn Handshake>);
        self
    }

    /// Accepts only other nodes of the installation, by this handshake.
    #[must_use]
    pub fn for_peers(mut self, handshake: Arc<dyn Handshake>) -> Self {
        self.tls = Some(handshake);
        self.for_peers = true;
        self
    }

    /// Returns the bound address, with the port that the system chose if port 0 was given.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Accepts and tracks the connections of a listener.
#[derive(Debug)]
pub(super) struct Acceptor {
    http: Arc<Builder<TokioExecutor>>,
    lifetime: Lifetime,
    room: Arc<Semaphore>,
    anonymous: Arc<AnonymousBudget>,
    connections: TaskTracker,
    /// Stops the accept loop, and asks every client to go away.
    closing: CancellationToken,
    /// Cuts the connections that are left.
    cut: CancellationToken,
    stats: Arc<Stats>,
}

impl Acceptor {
    pub fn new(listener: &Listener, limits: &Limits, stats: Arc<Stats>) -> Self {
        Self {
            http: Arc::new(if listener.for_peers { http_for_peers(limits) } else { http(limits) }),
            lifetime: Lifetime {
                first_call: limits.first_call_timeout,
                age: limits.max_connection_age,
                grace: limits.max_deadline,
            },
            room: Arc::new(Semaphore::new(limits.max_connections)),
            anonymous: AnonymousBudget::new(limits.anonymous_connections_of_address, Clock::system()),
            connections: TaskTracker::new(),
            closing: CancellationToken::new(),
            cut: CancellationToken::new(),
            stats,
        }
    }

    /// Accepts connections until the server closes; then closes the socket, so that new clients are refused at once.
    pub async fn accept<H: Handler>(self: Arc<Self>, listener: Listener, handler: Arc<H>) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.socket.accept() => accepted,
                () = self.closing.cancelled() => return,
            };
            match accepted {
                Ok((socket, address)) => self.admit(socket, address, listener.tls.clone(), &handler),
                Err(error) if is_about_one_connection(&error) => {}
                Err(error) => {
                    // Most likely there are no file descriptors left: let connections end before the next attempt.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn admit<H: Handler>(
        &self,
        socket: TcpStream,
        address: SocketAddr,
        tls: Option<Arc<dyn Handshake>>,
        handler: &Arc<H>,
    ) {
        // First the total, then the address: a connection that exceeds the total must not use the budget of its
        // address.
        let permit = Arc::clone(&self.room).try_acquire_owned().ok();
        let both =
            permit.and_then(|permit| Some((permit, self.anonymous.connect(network(address.ip()), tls.is_some())?)));
        let Some((permit, anonymous)) = both else {
            // Dropping the socket closes it: the client learns of it at once, and no memory is spent.
            self.stats.connection_refused();
            return;
        };
        // An answer is one small frame, which must not wait for an acknowledgment. This fails only on a closed socket.
        let _ = socket.set_nodelay(true);
        let lifetime = Lifetime { age: jittered(self.lifetime.age, random_seed()), ..self.lifetime };
        let (http, handler) = (Arc::clone(&self.http), Arc::clone(handler));
        let stop_signals = StopSignals { ending: self.closing.child_token(), cut: self.cut.clone() };
        let (stats, counted) = (Arc::clone(&self.stats), self.stats.connection());
        self.connections.spawn(async move {
            match tls {
                None => {
                    let client = Client { peer: Peer::new(address), anonymous, withdrawn: std::future::pending() };
                    serve(socket, client, http, handler, lifetime, stop_signals).await;
                }
                Some(tls) => match tokio::time::timeout(lifetime.first_call, tls.accept(socket, address)).await {
                    Ok(Ok(Accepted { socket, peer, is_known, withdrawn })) => {
                        if is_known {
                            anonymous.has_shown_credential();
                        }
                        let client = Client { peer, anonymous, withdrawn };
                        serve(socket, client, http, handler, lifetime, stop_signals).await;
                    }
                    // For example a scanner, a plaintext client, or a certificate that is not trusted.
                    Ok(Err(error)) => {
                        stats.handshake_failed();
                        tracing::debug!(%address, %error, "TLS handshake failed");
                    }
                    Err(_) => stats.handshake_failed(),
                },
            }
            drop((counted, permit));
        });
    }

    /// Drains the connections. Returns true if every call ended by itself within `timeout`. Cuts the connections that
    /// are left.
    pub async fn close(&self, timeout: Duration) -> bool {
        self.closing.cancel();
        self.connections.close();
        let ended = async {
            tokio::select! {
                () = self.connections.wait() => {}
                () = self.only_idle_ones_left() => {}
            }
        };
        let drained = tokio::time::timeout(timeout, ended).await.is_ok();
        self.cut.cancel();
        drained
    }

    /// Resolves when no call has been open for [`IDLE_CLOSE_DELAY`]: the clients that are left do not react to GOAWAY.
    async fn only_idle_ones_left(&self) {
        let mut quiet = Duration::ZERO;
        while quiet < IDLE_CLOSE_DELAY {
            tokio::time::sleep(IDLE_CHECK_INTERVAL).await;
            quiet = if self.stats.calls_now() == 0 { quiet + IDLE_CHECK_INTERVAL } else { Duration::ZERO };
        }
    }
}

/// Configures HTTP/2, and HTTP/1.1 for gRPC-Web, with bounds on what a client can use. Twice as many bytes of headers
/// are read as are accepted: up to there a call is answered with a gRPC status; beyond it, HTTP answers 431.
fn http(limits: &Limits) -> Builder<TokioExecutor> {
    let headers_read = limits.max_headers.saturating_mul(2);
    let mut http = Builder::new(TokioExecutor::new());
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.max_streams)
        .max_header_list_size(headers_read)
        // gRPC needs no Date header, and none can be written when the clock shows a year after 9999.
        .auto_date_header(false)
        .keep_alive_interval(limits.keepalive_interval)
        .keep_alive_timeout(limits.keepalive_timeout);
    http.http1()
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .header_read_timeout(limits.first_call_timeout)
        // hyper requires at least 8 KiB.
        .max_buf_size((headers_read as usize).max(8 * 1024));
    http
}

/// Configures HTTP/2 between nodes. One connection carries the calls of many clients: an upload that nobody reads must not
/// hold up the others, and calls that are given up in masses, after a pause, are no attack.
fn http_for_peers(limits: &Limits) -> Builder<TokioExecutor> {
    /// Bytes that are on the way to the handler of one call, and to all of a connection.
    const CALL_WINDOW: u32 = 256 * 1024;
    const CONNECTION_WINDOW: u32 = 64 * 1024 * 1024;
    let mut http = http(limits).http2_only();
    http.http2()
        .initial_stream_window_size(CALL_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_pending_accept_reset_streams(limits.max_streams as usize)
        .max_local_error_reset_streams(None);
    http
}

/// Returns an age between 0.9 and 1.1 times `age`, so that clients that connected at the same time do not reconnect at
/// the same time. It is random: a client sees the age of its own connections, and from a counter it could infer how
/// many others connected (R1).
fn jittered(age: Duration, random: u64) -> Duration {
    let spread = random >> 32;
    let tenths = 0.9 + 0.2 * (spread as f64 / f64::from(u32::MAX));
    age.mul_f64(tenths)
}

/// True if the client gave up before it was accepted: the next accept can go on at once.
fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_spread_over_a_fifth() {
        let age = Duration::from_secs(1_000);
        let ages: Vec<_> = (1..=100).map(|number| jittered(age, number * (u64::MAX / 100)).as_secs()).collect();
        assert!(ages.iter().all(|age| (900..=1_100).contains(age)), "{ages:?}");
        // Every tenth of the range contains ages.
        for tenth in 0..10 {
            let range = 900 + tenth * 20..900 + (tenth + 1) * 20;
            assert!(ages.iter().any(|age| range.contains(age)), "none in {range:?}: {ages:?}");
        }
    }
}
