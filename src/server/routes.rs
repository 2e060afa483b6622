//! Routes methods to services.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Either};
use http::{Request, Response};
use tonic::body::Body;
use tonic::codegen::StdError;
use tonic::server::NamedService;
use tower::Service;
use tower::util::BoxCloneSyncService;

use super::idle::IdleBody;
use super::kept_body::{Keep, KeptBody, RequestBody};
use super::upload_budget::UploadBudget;
use crate::auth::Caller;
use crate::ledger::access::Roles;

type Boxed = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// The services. The first one, for which nearly all calls are, is called without boxing its future.
#[derive(Debug, Clone)]
pub struct Routes<F> {
    fast: F,
    others: Vec<(&'static str, Boxed)>,
}

/// The service of a method.
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

    /// Finds a service by its name, such as `usher.v1.SeatService`.
    pub(super) fn find(&self, service: &str) -> Option<Route> {
        if service == F::NAME {
            return Some(Route::Fast);
        }
        self.others.iter().position(|(name, _)| *name == service).map(Route::Other)
    }
}

/// How the body of a request is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// Ends the request when nothing arrives for this long.
    pub idle: Option<Duration>,
    /// Keeps the body, so that it can be given again.
    pub keep: Option<Keep>,
}

impl<F> Routes<F> {
    /// Calls a service without polling its readiness first: tonic's generated services are always ready. Returns the
    /// body, too, if it is kept.
    pub(super) fn call<B>(
        &self,
        route: Route,
        request: Request<B>,
        budget: &Arc<UploadBudget>,
        reading: Reading,
    ) -> (impl Future<Output = Response<Body>> + use<F, B>, Option<Arc<dyn KeptBody>>)
    where
        F: Service<Request<RequestBody<B>>, Response = Response<Body>, Error = Infallible> + Clone,
        B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<StdError>,
    {
        let (answer, kept) = match route {
            Route::Fast => {
                let (request, kept) = kept(request, reading.keep);
                (Either::Left(self.fast.clone().call(request)), kept)
            }
            Route::Other(index) => {
                // A caller without a credential has no share: methods that need none accept small messages only.
                let caller = request.extensions().get::<Caller>();
                let caller = caller.filter(|caller| caller.needs != Roles::NONE).cloned();
                let request = request.map(|body| match reading.idle {
                    None => budget.give(caller, Body::new(body)),
                    Some(idle) => budget.give(caller, IdleBody::wrap(Body::new(body), idle)),
                });
                // What is kept counts against the budget, because the budget's body is kept with it.
                let (request, kept) = kept(request, reading.keep);
                (Either::Right(self.others[index].1.clone().call(request.map(Body::new))), kept)
            }
        };
        (answer.map(only), kept)
    }

    /// Calls a service with the body of an earlier call.
    pub(super) fn call_again(&self, route: Route, request: Request<Body>) -> BoxFuture<'static, Response<Body>>
    where
        F: Service<Request<RequestBody<Body>>, Response = Response<Body>, Error = Infallible> + Clone,
        F::Future: Send + 'static,
    {
        match route {
            Route::Fast => self.fast.clone().call(request.map(RequestBody::plain)).map(only).boxed(),
            Route::Other(index) => self.others[index].1.clone().call(request).map(only).boxed(),
        }
    }
}

fn kept<B>(request: Request<B>, keep: Option<Keep>) -> (Request<RequestBody<B>>, Option<Arc<dyn KeptBody>>)
where
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<StdError>,
{
    let Some(keep) = keep else { return (request.map(RequestBody::plain), None) };
    let (head, body) = request.into_parts();
    let (body, kept) = RequestBody::kept(body, keep);
    (Request::from_parts(head, body), Some(kept))
}

fn only<T>(answer: Result<T, Infallible>) -> T {
    match answer {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}
