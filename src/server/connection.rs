//! One connection: from its first byte to its last, with an end to everything that it could do for ever.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
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

use super::anonymous::{AnonymousCall, AnonymousConnection};
use super::read_budget::{BudgetedReader, ReadTurn};
use super::response_body::{ResponseBody, Unread};
use crate::auth::{Peer, Withdrawn};

/// Answers the requests of connections.
pub trait Handler: Send + Sync + 'static {
    fn handle(
        self: Arc<Self>,
        request: Request<Incoming>,
        connection: Arc<Connection>,
    ) -> impl Future<Output = Response<ResponseBody>> + Send;
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
    /// As long as it has shown no credential.
    anonymous: Arc<AnonymousConnection>,
    turn: Arc<ReadTurn>,
}

impl Connection {
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// A call was let in by its credential.
    pub(super) fn has_shown_credential(&self) {
        self.anonymous.has_shown_credential();
    }

    /// Notes an anonymous call, and reads more slowly when there are too many of them.
    pub(super) fn charge_anonymous_call(&self) {
        let pause = self.anonymous.charge();
        if !pause.is_zero() {
            self.turn.pause(pause);
        }
    }

    /// Room for an anonymous call.
    pub(super) fn open_anonymous_call(&self) -> Option<AnonymousCall> {
        self.anonymous.open()
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

/// Who is at the other end of a connection.
pub(super) struct Client<W> {
    pub peer: Peer,
    pub anonymous: AnonymousConnection,
    /// Resolves when its certificate is good no more.
    pub withdrawn: W,
}

/// What ends a connection from this side.
pub(super) struct Ends {
    /// Asks it to go.
    pub ending: CancellationToken,
    pub cut: CancellationToken,
}

/// Serves a connection until its client closes it, or it is too slow to call or to read, too old, or cut. It is asked to go
/// before, also when its client's certificate ends.
pub(super) async fn serve<H: Handler>(
    socket: impl AsyncRead + AsyncWrite + Unpin + 'static,
    client: Client<impl Future<Output = Withdrawn>>,
    http: Arc<Builder<TokioExecutor>>,
    handler: Arc<H>,
    lifetime: Lifetime,
    ends: Ends,
) {
    let Client { peer, anonymous, withdrawn } = client;
    let turn = ReadTurn::new(anonymous.is_paced);
    let connection = Arc::new(Connection {
        peer,
        called: AtomicBool::new(false),
        ending: ends.ending,
        unread: Unread::default(),
        anonymous: Arc::new(anonymous),
        turn: Arc::clone(&turn),
    });
    let service = service_fn(|request| {
        connection.called.store(true, Ordering::Relaxed);
        Arc::clone(&handler).handle(request, Arc::clone(&connection)).map(Ok::<_, Infallible>)
    });
    let socket = BudgetedReader::new(socket, Arc::clone(&turn));
    let mut served = pin!(http.serve_connection(TokioIo::new(socket), service));

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
        _ = in_turns(served.as_mut(), &turn) => return,
        () = silent => return,
        () = not_reading => return,
        () = tokio::time::sleep(lifetime.age) => connection.ending.cancel(),
        withdrawn = withdrawn => {
            tracing::info!(address = %connection.peer.address, ?withdrawn, "a client certificate is good no more");
            if withdrawn == Withdrawn::Revoked {
                connection.peer.revoke();
            }
            connection.ending.cancel();
        }
        () = connection.ending.cancelled() => {}
    }
    // GOAWAY: the client opens no new calls here, and those that are open may end.
    served.as_mut().graceful_shutdown();
    tokio::select! {
        _ = in_turns(served, &turn) => {}
        () = tokio::time::sleep(lifetime.grace) => {}
        () = ends.cut.cancelled() => {}
    }
}

/// Each poll is a turn.
async fn in_turns<F: Future>(mut served: Pin<&mut F>, turn: &ReadTurn) -> F::Output {
    std::future::poll_fn(|context| {
        turn.begin();
        served.as_mut().poll(context)
    })
    .await
}
