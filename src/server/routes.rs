//! Which service answers a method.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use tonic::body::Body;
use tonic::server::NamedService;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

type Boxed = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// The services, one of which is called without boxing its future: the one that nearly every call is for.
#[derive(Debug, Clone)]
pub struct Routes<F> {
    fast: F,
    others: Vec<(&'static str, Boxed)>,
}

/// Where a method goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    Fast,
    Other(usize),
}

impl<F: NamedService> Routes<F> {
    #[must_use]
    pub fn new(fast: F) -> Self {
        Self { fast, others: Vec::new() }
    }

    /// Adds a service.
    #[must_use]
    pub fn with<S>(mut self, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + NamedService,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        self.others.push((S::NAME, BoxCloneSyncService::new(service)));
        self
    }

    pub(super) fn find(&self, service: &str) -> Option<Route> {
        if service == F::NAME {
            return Some(Route::Fast);
        }
        self.others.iter().position(|(name, _)| *name == service).map(Route::Other)
    }
}

impl<F> Routes<F> {
    pub(super) async fn call<B>(&self, route: Route, request: Request<B>) -> Response<Body>
    where
        F: Service<Request<B>, Response = Response<Body>, Error = Infallible> + Clone,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<tonic::codegen::StdError>,
    {
        let answered = match route {
            Route::Fast => self.fast.clone().oneshot(request).await,
            Route::Other(index) => self.others[index].1.clone().oneshot(request.map(Body::new)).await,
        };
        match answered {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}
