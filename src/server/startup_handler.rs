//! Answers calls while the server starts: services that need nothing loaded from the start, all others once they are
//! ready. Connections stay open over the change.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use futures_util::future::Either;
use http::{Request, Response};
use hyper::body::Incoming;

use super::call::CallHandler;
use super::connection::Connection;
use super::response_body::ResponseBody;
use super::serve::Handler;

/// The handler for the start, and the complete one once it is set.
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

    /// Sets the complete handler, which answers from now on. Only the first call has an effect.
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
