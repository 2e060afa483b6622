//! The front door: sockets, connections and calls, with a bound on everything that a client controls.
//!
//! tonic's own server cannot do what is needed here: it gives every connection the same age, so that all clients of a
//! restart come back at once; it waits for a drain without limit; it has no bound on connections or on the time until
//! the first call. So connections are served by hyper directly, and tonic's generated services answer the calls.

mod anonymous;
mod call;
mod connection;
mod idle;
mod listener;
mod methods;
mod read_budget;
mod request_shape;
mod response_body;
mod routes;
mod scope;
mod startup_handler;
mod stats;
mod stream;
mod tls;
mod upload_budget;

use std::sync::Arc;
use std::time::Duration;

pub use call::CallHandler;
pub use connection::{Connection, Handler};
pub use listener::Listener;
pub use methods::{Method, Methods};
pub use response_body::ResponseBody;
pub use routes::Routes;
pub use startup_handler::StartupHandler;
pub use stats::{CODES, Stats};
pub use tls::{Tls, TlsError};

use crate::config::Limits;
use listener::Acceptor;

/// A listener at work.
#[derive(Debug)]
pub struct Server {
    acceptor: Arc<Acceptor>,
}

impl Server {
    /// Starts to accept connections, and answers their calls with `handler`.
    pub fn start<H: Handler>(listener: Listener, handler: Arc<H>, limits: &Limits, stats: Arc<Stats>) -> Self {
        let acceptor = Arc::new(Acceptor::new(limits, stats));
        tokio::spawn(Arc::clone(&acceptor).accept(listener, handler));
        Self { acceptor }
    }

    /// Stops to accept, tells every connection to go, and waits for their calls to end. What is left after `timeout`
    /// is cut. Answers whether every call had ended by itself.
    pub async fn drain(&self, timeout: Duration) -> bool {
        self.acceptor.close(timeout).await
    }
}
