//! Serves one connection, with a bound on everything that it could do without end.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::anonymous::AnonymousConnection;
use super::connection::Connection;
use super::read_budget::{BudgetedReader, ReadTurn};
use super::response_body::ResponseBody;
use crate::auth::{Peer, Withdrawn};

/// Answers the requests of connections.
pub trait Handler: Send + Sync + 'static {
    fn handle(
        self: Arc<Self>,
        request: Request<Incoming>,
        connection: Arc<Connection>,
    ) -> impl Future<Output = Response<ResponseBody>> + Send;
}

/// Time limits of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lifetime {
    /// From the connect to the first call.
    pub first_call: Duration,
    /// From the connect until the client is asked to go away.
    pub age: Duration,
    /// From then until the connection is cut: the longest time for a call to end, and for an answer to be read.
    pub grace: Duration,
}

/// The client of a connection.
pub(super) struct Client<W> {
    pub peer: Peer,
    pub anonymous: AnonymousConnection,
    /// Resolves when its certificate is no longer valid.
    pub withdrawn: W,
}

/// Signals by which the server ends a connection.
pub(super) struct StopSignals {
    /// Asks the client to go away.
    pub ending: CancellationToken,
    pub cut: CancellationToken,
}

/// Serves a connection until its client closes it, is too slow to call or to read, or the connection is too old or cut.
/// The client is first asked to go away (GOAWAY), also when its certificate is no longer valid.
pub(super) async fn serve<H: Handler>(
    socket: impl AsyncRead + AsyncWrite + Unpin + 'static,
    client: Client<impl Future<Output = Withdrawn>>,
    http: Arc<Builder<TokioExecutor>>,
    handler: Arc<H>,
    lifetime: Lifetime,
    stop_signals: StopSignals,
) {
    let Client { peer, anonymous, withdrawn } = client;
    let turn = ReadTurn::new(anonymous.is_paced);
    let connection = Arc::new(Connection::new(peer, anonymous, Arc::clone(&turn), stop_signals.ending.clone()));
    let service = service_fn(|request| {
        connection.note_call();
        Arc::clone(&handler).handle(request, Arc::clone(&connection)).map(Ok::<_, Infallible>)
    });
    let socket = BudgetedReader::new(socket, Arc::clone(&turn));
    let mut served = pin!(http.serve_connection(TokioIo::new(socket), service));

    let silent = async {
        tokio::time::sleep(lifetime.first_call).await;
        if connection.has_called() {
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
        () = tokio::time::sleep(lifetime.age) => stop_signals.ending.cancel(),
        withdrawn = withdrawn => {
            if withdrawn == Withdrawn::Unpinned {
                // Not drained: who is not shown by the store is not a node of this installation any more (C9).
                return;
            }
            tracing::info!(address = %connection.peer().address, ?withdrawn, "a client certificate is no longer valid");
            if withdrawn == Withdrawn::Revoked {
                connection.peer().revoke();
            }
            stop_signals.ending.cancel();
        }
        () = stop_signals.ending.cancelled() => {}
    }
    // GOAWAY: the client opens no new calls on this connection, and open calls may end.
    served.as_mut().graceful_shutdown();
    tokio::select! {
        _ = in_turns(served, &turn) => {}
        () = tokio::time::sleep(lifetime.grace) => {}
        () = stop_signals.cut.cancelled() => {}
    }
}

/// Polls `served`; each poll is one turn of the reader.
async fn in_turns<F: Future>(mut served: Pin<&mut F>, turn: &ReadTurn) -> F::Output {
    std::future::poll_fn(|context| {
        turn.begin();
        served.as_mut().poll(context)
    })
    .await
}
