//! One connection: from its first byte to its last, with an end to everything that it could do for ever.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::answer::{Answer, Unread};
use super::fair::Fair;
use crate::auth::Peer;

/// Answers the requests of connections.
pub trait Handler: Send + Sync + 'static {
    fn handle(
        self: Arc<Self>,
        request: Request<Incoming>,
        connection: Arc<Connection>,
    ) -> impl Future<Output = Response<Answer>> + Send;
}

/// What a call may want to know about its connection.
#[derive(Debug)]
pub struct Connection {
    peer: Peer,
    /// A request has come.
    called: AtomicBool,
    /// The connection is to go: endless streams end.
    ending: CancellationToken,
    pub(super) unread: Unread,
}

impl Connection {
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Cancelled when the connection is to go.
    #[must_use]
    pub fn ending(&self) -> CancellationToken {
        self.ending.clone()
    }
}

/// How long a connection may do what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lifetime {
    /// Until its first call.
    pub first_call: Duration,
    /// Until it is asked to go.
    pub age: Duration,
    /// From then until it is cut: no call may take longer, and no answer wait longer to be read.
    pub grace: Duration,
}

/// Serves a connection until its client closes it, or it is too slow to call or to read, too old, or `cut`. `ending`
/// asks it to go.
pub(super) async fn serve<H: Handler>(
    socket: impl AsyncRead + AsyncWrite + Unpin + 'static,
    peer: Peer,
    http: Arc<Builder<TokioExecutor>>,
    handler: Arc<H>,
    lifetime: Lifetime,
    ending: CancellationToken,
    cut: CancellationToken,
) {
    let connection = Arc::new(Connection { peer, called: AtomicBool::new(false), ending, unread: Unread::default() });
    let service = service_fn(|request| {
        connection.called.store(true, Ordering::Relaxed);
        Arc::clone(&handler).handle(request, Arc::clone(&connection)).map(Ok::<_, Infallible>)
    });
    let mut served = pin!(http.serve_connection(TokioIo::new(Fair::new(socket)), service));

    let silent = async {
        tokio::time::sleep(lifetime.first_call).await;
        if connection.called.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    };
    let not_reading = async {
        tokio::time::sleep(lifetime.grace).await;
        while !connection.unread.end_round() {
            tokio::time::sleep(lifetime.grace).await;
        }
    };
    tokio::select! {
        _ = served.as_mut() => return,
        () = silent => return,
        () = not_reading => return,
        () = tokio::time::sleep(lifetime.age) => connection.ending.cancel(),
        () = connection.ending.cancelled() => {}
    }
    // GOAWAY: the client opens no new calls here, and those that are open may end.
    served.as_mut().graceful_shutdown();
    tokio::select! {
        _ = served => {}
        () = tokio::time::sleep(lifetime.grace) => {}
        () = cut.cancelled() => {}
    }
}
