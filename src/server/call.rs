//! Steps that every call passes before a service sees it, in this order: it is counted; the number of calls is bounded;
//! the caller is authenticated and authorized; time is bounded; a panic is caught. This is one function and not a stack
//! of layers, because every heartbeat passes through it.

mod admission;
mod deadline;

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Either, ready};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::codegen::StdError;
use tonic::server::NamedService;
use tonic::{Code, Status};
use tonic_web::GrpcWebLayer;
use tower::{Layer, Service, ServiceExt};

use super::codes::code;
use super::connection::Connection;
use super::forward::Forwarder;
use super::forwarding::{Forwarding, Head, Local, Terms, take_mark};
use super::kept_body::{Keep, RequestBody};
use super::request_shape::{self, Protocol, ShapeError};
use super::response_body::ResponseBody;
use super::routes::{Reading, Route, Routes};
use super::serve::Handler;
use super::stats::{CallGuard, Stats};
use super::stream::Stream;
use super::upload_budget::UploadBudget;
use super::{Limits, Methods};
use crate::auth::Guard;
use crate::status;
use admission::Admitted;
use deadline::MAX_UPLOAD_TIME;

/// Handles gRPC and gRPC-Web calls, and routes them to the services.
#[derive(Debug)]
pub struct CallHandler<F> {
    routes: Routes<F>,
    methods: Arc<Methods>,
    guard: Arc<Guard>,
    /// Route of each method, by its number; `None`: no service is mounted yet.
    method_routes: Vec<Option<Route>>,
    /// Path of each method, by its number.
    paths: Vec<Uri>,
    stats: Arc<Stats>,
    /// Budget for uploads to all services except the first of `routes`, whose requests are small.
    budget: Arc<UploadBudget>,
    max_calls: usize,
    /// In bytes.
    max_seat_request: usize,
    max_headers: usize,
    deadline: Duration,
    max_deadline: Duration,
    /// Sends calls to other nodes; `None`: there are none.
    forwarder: Option<Arc<dyn Forwarder>>,
    /// True: the calls come from other nodes, which have authenticated the callers.
    is_peers: bool,
}

impl<F: NamedService> CallHandler<F> {
    #[must_use]
    pub fn new(
        routes: Routes<F>,
        methods: Arc<Methods>,
        guard: Arc<Guard>,
        stats: Arc<Stats>,
        limits: &Limits,
    ) -> Self {
        let method_routes = methods.all().iter().map(|method| routes.find(method.service())).collect();
        let path = |number| Uri::try_from(format!("/{}", methods.label(number))).unwrap_or_default();
        let paths = (0..methods.all().len()).map(path).collect();
        Self {
            routes,
            methods,
            guard,
            method_routes,
            paths,
            stats,
            budget: UploadBudget::new(limits.max_request),
            max_calls: limits.max_calls,
            max_seat_request: limits.max_seat_request,
            max_headers: limits.max_headers as usize,
            deadline: limits.deadline,
            max_deadline: limits.max_deadline,
            forwarder: None,
            is_peers: false,
        }
    }

    /// A handler for calls of other nodes, whose listener attaches [`Forwarded`] to each request. `stats` and `limits`
    /// are the peers' own: otherwise two full nodes would wait for each other.
    #[must_use]
    pub fn for_peers(
        routes: Routes<F>,
        methods: Arc<Methods>,
        guard: Arc<Guard>,
        stats: Arc<Stats>,
        limits: &Limits,
    ) -> Self {
        Self { is_peers: true, ..Self::new(routes, methods, guard, stats, limits) }
    }

    /// Sends calls that must be answered by another node there.
    #[must_use]
    pub fn with_forwarder(mut self, forwarder: Arc<dyn Forwarder>) -> Self {
        self.forwarder = Some(forwarder);
        self
    }
}

impl<F> CallHandler<F> {
    /// Methods that are answered with `LOADING`, because no service implements them.
    #[must_use]
    pub fn unserved(&self) -> Vec<&str> {
        let methods = self.methods.all().iter().zip(&self.method_routes);
        methods.filter(|(_, route)| route.is_none()).map(|(method, _)| method.name.as_str()).collect()
    }

    /// Answers a call. Work that can be done at once is done before the future is made, so that the future, which is
    /// moved a few times, does not contain the request.
    pub(super) fn call<B>(
        self: Arc<Self>,
        mut request: Request<B>,
        shape_error: Option<ShapeError>,
        connection: Arc<Connection>,
    ) -> impl Future<Output = Response<ResponseBody>> + use<F, B>
    where
        F: Answers<B> + Answers<Body> + Send + Sync + 'static,
        <F as Service<Request<RequestBody<Body>>>>::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<StdError>,
    {
        let number = self.methods.find(request.uri().path());
        let (mut call, calls_now) = self.stats.begin(number);
        let admitted = match (shape_error, number) {
            (Some(shape_error), _) => Err(shape_error.into()),
            (None, None) => Err(status::no_such_method(request.uri().path()).into()),
            (None, Some(number)) => self.admit(number, &mut call, calls_now, &mut request, &connection),
        };
        // Exactly once for each refused or anonymous call.
        if !admitted.as_ref().is_ok_and(|admitted| !admitted.is_anonymous) {
            call.set_aside();
            connection.charge_anonymous_call();
        }
        let answer = match admitted {
            Ok(admitted) => {
                let deadline = self.deadline(request.headers(), admitted.uploads);
                let answer = Arc::clone(&self).answer(admitted, request, deadline);
                Ok(tokio::time::timeout(deadline, AssertUnwindSafe(answer).catch_unwind()))
            }
            Err(refusal) => Err((refusal, request.into_body())),
        };
        async move {
            let response = match answer {
                Err((refusal, body)) => {
                    read_out(body, &connection).await;
                    call.code = refusal.code();
                    return ResponseBody::to(call, connection, refusal.into_http());
                }
                Ok(answer) => match within(&call, pin!(answer)).await {
                    Ok(Ok(response)) => explained(response),
                    Ok(Err(_)) => {
                        // The panic hook has logged the location; the client only learns that the call failed.
                        call.panicked();
                        status::internal().into_http()
                    }
                    Err(_) => status::deadline_exceeded().into_http(),
                },
            };
            call.code = code(response.headers());
            match number.map(|number| &self.methods.all()[number]) {
                Some(method) if method.streams => {
                    Stream::wrap(response, call, method.endless, &connection).map(ResponseBody::from)
                }
                _ => ResponseBody::to(call, connection, response),
            }
        }
    }

    /// Calls the service, and goes on elsewhere with a call that must not be answered here.
    fn answer<B>(
        self: Arc<Self>,
        admitted: Admitted,
        mut request: Request<B>,
        deadline: Duration,
    ) -> impl Future<Output = Response<Body>> + use<F, B>
    where
        F: Answers<B> + Answers<Body> + Send + Sync + 'static,
        <F as Service<Request<RequestBody<Body>>>>::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<StdError>,
    {
        let Admitted { number, route, uploads, idle, is_anonymous } = admitted;
        // Methods that need no credential are about no tenant.
        let forwarder = self.forwarder.as_ref().filter(|forwarder| !is_anonymous && forwarder.has_peers()).cloned();
        let forwarder = forwarder.and_then(|forwarder| Some((forwarder, Head::of(&mut request)?)));
        let largest = if route == Route::Fast { self.max_seat_request } else { self.budget.largest() };
        let reading = Reading { idle, keep: forwarder.is_some().then_some(Keep { largest, uploads }) };
        let (answer, body) = self.routes.call(route, request, &self.budget, reading);
        let forwarding = forwarder.zip(body).map(|((forwarder, head), body)| {
            let terms = self.terms(number, deadline);
            Box::new(Forwarding { forwarder, local: Arc::<Self>::clone(&self), head, body, terms })
        });
        // Their requests begin with the tenant.
        let peeks = self.methods.all()[number].hot;
        let is_peers = self.is_peers;
        async move {
            let forwarding = match forwarding {
                Some(forwarding) if peeks => match poll_fn(|context| forwarding.poll_elsewhere(context)).await {
                    Some(why) => {
                        drop(answer);
                        return forwarding.go_on(why, None).boxed().await;
                    }
                    None => Some(forwarding),
                },
                forwarding => forwarding,
            };
            let mut answer = answer.await;
            // Another node reads the mark; a client never does.
            let why = if forwarding.is_some() || !is_peers { take_mark(&mut answer) } else { None };
            match (forwarding, why) {
                (Some(forwarding), Some(why)) => forwarding.go_on(why, Some(answer)).boxed().await,
                _ => answer,
            }
        }
    }

    fn terms(&self, number: usize, deadline: Duration) -> Terms {
        let is_repeatable = self.methods.all()[number].is_repeatable();
        // An upload without a deadline has one that is practically never.
        let deadline = Instant::now() + deadline.min(MAX_UPLOAD_TIME);
        Terms { number, is_repeatable, is_peers: self.is_peers, deadline }
    }
}

/// A service that reads requests with such bodies.
pub(super) trait Answers<B>:
    Service<Request<RequestBody<B>>, Response = Response<Body>, Error = Infallible> + Clone
{
}

impl<F, B> Answers<B> for F where
    F: Service<Request<RequestBody<B>>, Response = Response<Body>, Error = Infallible> + Clone
{
}

impl<F> Local for CallHandler<F>
where
    F: Answers<Body> + Send + Sync + 'static,
    <F as Service<Request<RequestBody<Body>>>>::Future: Send + 'static,
{
    fn path(&self, number: usize) -> Uri {
        self.paths[number].clone()
    }

    fn answer_again(&self, number: usize, request: Request<Body>) -> BoxFuture<'static, Response<Body>> {
        match self.method_routes[number] {
            Some(route) => self.routes.call_again(route, request),
            None => ready(status::loading().into_http()).boxed(),
        }
    }
}

impl<F> Handler for CallHandler<F>
where
    F: Service<Request<RequestBody<Incoming>>, Response = Response<Body>, Error = Infallible>,
    F: Service<Request<RequestBody<Body>>, Response = Response<Body>, Error = Infallible>,
    F: Clone + Send + Sync + 'static,
    <F as Service<Request<RequestBody<Incoming>>>>::Future: Send,
    <F as Service<Request<RequestBody<Body>>>>::Future: Send + 'static,
{
    fn handle(
        self: Arc<Self>,
        request: Request<Incoming>,
        connection: Arc<Connection>,
    ) -> impl Future<Output = Response<ResponseBody>> + Send {
        let (protocol, shape_error) = request_shape::inspect(&request, self.max_headers, self.is_peers);
        if protocol != Protocol::GrpcWeb || shape_error.is_some() {
            return Either::Left(self.call(request, shape_error, connection));
        }
        // GrpcWebLayer translates between gRPC-Web and gRPC.
        let handler = tower::service_fn(move |request: Request<Body>| {
            let answer = Arc::clone(&self).call(request, None, Arc::clone(&connection));
            answer.map(|answer| Ok::<_, Infallible>(answer.map(Body::new)))
        });
        let answer = GrpcWebLayer::new().layer(handler).oneshot(request);
        // Boxed because it is large and rare.
        Either::Right(Box::pin(answer.map(|answer| match answer {
            Ok(response) => response.map(ResponseBody::from),
            Err(never) => match never {},
        })))
    }
}

/// Polls `answer` in the log and trace scope of the call.
async fn within<A: Future>(call: &CallGuard, mut answer: Pin<&mut A>) -> A::Output {
    poll_fn(|context| {
        let _entered = call.scope.enter();
        answer.as_mut().poll(context)
    })
    .await
}

/// Reads the rest of the request of a refused call, within bounds, so that its stream ends normally. A stream that is
/// reset instead counts as an error of the connection, and h2 closes a connection after a thousand of these.
async fn read_out<B>(body: B, connection: &Connection)
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<StdError>,
{
    /// Longer than most messages.
    const MAX_BYTES: usize = 64 * 1024;
    const TIMEOUT: Duration = Duration::from_millis(250);
    let mut body = pin!(Limited::new(body, MAX_BYTES));
    let mut all = pin!(async { while let Some(Ok(_)) = body.frame().await {} });
    // Nearly always all of it has already arrived.
    if all.as_mut().now_or_never().is_some() {
        return;
    }
    // Waiting for the rest needs a permit; without one, do not wait.
    if let Some(_open) = connection.open_anonymous_call() {
        let _ = tokio::time::timeout(TIMEOUT, all).await;
    }
}

/// Adds details to an error that has none: tonic made it, because the bytes of the request are not a message.
fn explained(response: Response<Body>) -> Response<Body> {
    let headers = response.headers();
    if !headers.contains_key("grpc-status") || headers.contains_key("grpc-status-details-bin") {
        return response;
    }
    match Status::from_header_map(headers) {
        Some(made_by_tonic) if made_by_tonic.code() != Code::Ok => status::unreadable(&made_by_tonic).into_http(),
        _ => response,
    }
}
