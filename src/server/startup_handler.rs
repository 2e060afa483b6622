//! Who answers while the service is starting: what needs nothing loaded from the first moment, everything else
//! from the moment at which it is there. Connections do not notice.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use futures_util::future::Either;
use http::{Request, Response};
use hyper::body::Incoming;

use super::call::CallHandler;
use super::connection::{Connection, Handler};
use super::response_body::ResponseBody;

/// An early front, and the whole one once it is open.
#[derive(Debug)]
pub struct StartupHandler<E, F> {
    early: Arc<CallHandler<E>>,
    whole: OnceLock<Arc<CallHandler<F>>>,
}

impl<E, F> StartupHandler<E, F> {
    #[must_use]
    pub fn new(early: CallHandler<E>) -> Self {
        Self { early: Arc::new(early), whole: OnceLock::new() }
    }

    /// From here on the whole front answers. Opened once; later ones are dropped.
    pub fn open(&self, whole: CallHandler<F>) {
        debug_assert!(whole.unserved().is_empty(), "methods of the contract without a service: {:?}", whole.unserved());
        let _ = self.whole.set(Arc::new(whole));
    }
}

impl<E, F> Handler for StartupHandler<E, F>
where
    CallHandler<E>: Handler,
    CallHandler<F>: Handler,
{
    fn handle(
        self: Arc<Self>,
        request: Request<Incoming>,
        connection: Arc<Connection>,
    ) -> impl Future<Output = Response<ResponseBody>> + Send {
        match self.whole.get() {
            Some(whole) => Either::Left(Arc::clone(whole).handle(request, connection)),
            None => Either::Right(Arc::clone(&self.early).handle(request, connection)),
        }
    }
}
