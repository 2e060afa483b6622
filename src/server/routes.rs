//! Routes methods to services.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::Either;
use http::{Request, Response};
use tonic::body::Body;
use tonic::codegen::StdError;
use tonic::server::NamedService;
use tower::Service;
use tower::util::BoxCloneSyncService;

use super::idle::IdleBody;
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

impl<F> Routes<F> {
    /// Calls a service without polling its readiness first: tonic's generated services are always ready. `idle`: ends
    /// the request when nothing arrives for this long.
    pub(super) fn call<B>(
        &self,
        route: Route,
        request: Request<B>,
        budget: &Arc<UploadBudget>,
        idle: Option<Duration>,
    ) -> impl Future<Output = Response<Body>> + use<F, B>
    where
        F: Service<Request<B>, Response = Response<Body>, Error = Infallible> + Clone,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<StdError>,
    {
        let answer = match route {
            Route::Fast => Either::Left(self.fast.clone().call(request)),
            Route::Other(index) => {
                // A caller without a credential has no share: methods that need none accept small messages only.
                let caller = request.extensions().get::<Caller>();
                let caller = caller.filter(|caller| caller.needs != Roles::NONE).cloned();
                let request = request.map(|body| match idle {
                    None => budget.give(caller, Body::new(body)),
                    Some(idle) => budget.give(caller, IdleBody::wrap(Body::new(body), idle)),
                });
                Either::Right(self.others[index].1.clone().call(request))
            }
        };
        answer.map(|answer| match answer {
            Ok(response) => response,
            Err(never) => match never {},
        })
    }
}
