//! The gRPC server: sockets, connections and calls, with a bound on everything that a client controls.
//!
//! tonic's own server does not fit: it gives every connection the same maximum age, so that after a restart all clients
//! reconnect at the same time; it waits without limit when it drains; it has no bound on connections or on the time
//! until the first call. So hyper serves the connections, and tonic's generated services answer the calls.

mod anonymous;
mod call;
mod codes;
mod connection;
mod forward;
mod forwarding;
mod idle;
mod itinerary;
mod kept_body;
mod limits;
mod listener;
mod methods;
mod read_budget;
mod request_shape;
mod response_body;
mod routes;
mod scope;
mod serve;
mod startup_handler;
mod stats;
mod stream;
mod tls;
mod unread;
mod upload_budget;

use std::sync::Arc;
use std::time::Duration;

pub use call::CallHandler;
pub use codes::CODES;
pub use connection::Connection;
pub use forward::{Forwarded, Forwarder, Location, PEER_HEADERS, Sent};
pub use itinerary::{Itinerary, MAX_VISITED, MAX_WAIT};
pub use kept_body::RequestBody;
pub use limits::Limits;
pub use listener::Listener;
pub use methods::{IdempotencyLevel, Method, Methods};
pub use response_body::ResponseBody;
pub use routes::Routes;
pub use serve::Handler;
pub use startup_handler::StartupHandler;
pub use stats::Stats;
pub use tls::{Accepted, Handshake, Tls, TlsError, TlsFiles};

pub use crate::status::Repeated;
pub use crate::status::routing::Routing;

use listener::Acceptor;

/// A server that accepts connections.
#[derive(Debug)]
pub struct Server {
    acceptor: Arc<Acceptor>,
}

impl Server {
    /// Starts to accept connections; `handler` answers their calls.
    pub fn start<H: Handler>(listener: Listener, handler: Arc<H>, limits: &Limits, stats: Arc<Stats>) -> Self {
        let acceptor = Arc::new(Acceptor::new(&listener, limits, stats));
        tokio::spawn(Arc::clone(&acceptor).accept(listener, handler));
        Self { acceptor }
    }

    /// Stops accepting connections, asks every client to go away (GOAWAY), and waits for open calls to end. After
    /// `timeout` it cuts the connections that are left. Returns true if every call ended by itself.
    pub async fn drain(&self, timeout: Duration) -> bool {
        self.acceptor.close(timeout).await
    }
}
