//! Calls that another node must answer, with a service and a forwarder that do what a test tells them.

mod calls;
mod fake;
mod peers;
mod waits;
mod web;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio_stream::iter;
use tonic::server::NamedService;
use tonic_types::StatusExt;
use tower::Service;

use super::super::anonymous::AnonymousBudget;
use super::super::itinerary::MAX_ATTEMPTS;
use super::super::read_budget::ReadTurn;
use super::super::{CallHandler, Connection, Limits, Methods, ResponseBody, Routes, Stats};
use super::*;
use crate::auth::{Credentials, Guard, Peer, Rules, Tokens};
use crate::clock::Clock;
use fake::{Fake, SHARD};

const HEARTBEAT: &str = "/usher.v1.SeatService/Heartbeat";
const CREATE_USER: &str = "/usher.v1.DirectoryService/CreateUser";
const SYNC_USERS: &str = "/usher.v1.DirectoryService/SyncUsers";

/// What a service does with a call.
#[derive(Debug, Clone)]
enum Play {
    /// Reads everything, and answers with it.
    Echo,
    /// Reads so many bytes, then refuses.
    Refuse(usize, Routing),
}

/// A service whose calls are played in order; after the last one it echoes.
#[derive(Clone, Default)]
struct Puppet {
    plays: Arc<Mutex<Vec<Play>>>,
    calls: Arc<Mutex<Vec<Called>>>,
}

/// What was read of a call's body, and whether the call may have been carried out before.
type Called = (Vec<u8>, bool);

impl Puppet {
    fn told(plays: &[Play]) -> Self {
        Self { plays: Arc::new(Mutex::new(plays.to_vec())), calls: Arc::default() }
    }

    fn calls(&self) -> Vec<Called> {
        self.calls.lock().unwrap().clone()
    }
}

impl<B> Service<Request<B>> for Puppet
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let puppet = self.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let play = {
                let mut plays = puppet.plays.lock().unwrap();
                if plays.is_empty() { Play::Echo } else { plays.remove(0) }
            };
            let (most, refusal) = match play {
                Play::Echo => (usize::MAX, None),
                Play::Refuse(most, routing) => (most, Some(routing)),
            };
            let mut body = Box::pin(body);
            let mut bytes = Vec::new();
            while bytes.len() < most
                && let Some(Ok(frame)) = body.frame().await
            {
                bytes.extend_from_slice(&frame.into_data().unwrap_or_default());
            }
            let is_repeated = head.extensions.get::<Repeated>().is_some();
            puppet.calls.lock().unwrap().push((bytes.clone(), is_repeated));
            Ok(refusal.map_or_else(|| echo(&bytes), |routing| refused(routing).into_http()))
        })
    }
}

impl NamedService for Puppet {
    const NAME: &'static str = "usher.v1.SeatService";
}

/// The same for a service whose calls are boxed, and whose uploads have a budget.
#[derive(Clone)]
struct Others(Puppet);

impl Service<Request<Body>> for Others {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = <Puppet as Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.0.call(request)
    }
}

impl NamedService for Others {
    const NAME: &'static str = "usher.v1.DirectoryService";
}

/// The status of a refusal, as the journal makes it.
fn refused(routing: Routing) -> Status {
    let reason = match routing {
        Routing::NotApplied(_) => "NOT_OWNER",
        Routing::Unknown(_) => "OUTCOME_UNKNOWN",
        Routing::NoLease(_) => "NO_LEASE",
    };
    let mut details = tonic_types::ErrorDetails::with_error_info(reason, "usher", []);
    details.set_retry_info(Some(Duration::from_secs(1)));
    routing::marked(Status::with_error_details(tonic::Code::Unavailable, "elsewhere", details), routing)
}

fn echo(bytes: &[u8]) -> Response<Body> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let frames = [Ok::<_, Status>(Frame::data(Bytes::copy_from_slice(bytes))), Ok(Frame::trailers(trailers))];
    let mut response = Response::new(Body::new(StreamBody::new(iter(frames))));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}

/// A message of this length, as it is sent.
fn message(length: usize) -> Vec<u8> {
    [&[0][..], &u32::try_from(length).unwrap().to_be_bytes(), &vec![7; length]].concat()
}

/// A message whose first field is this tenant, and that is longer by so many bytes.
fn about(tenant: &str, more: usize) -> Vec<u8> {
    let content = [&[1 << 3 | 2, u8::try_from(tenant.len()).unwrap()][..], tenant.as_bytes(), &vec![7; more]].concat();
    [&[0][..], &u32::try_from(content.len()).unwrap().to_be_bytes(), &content].concat()
}

fn request(path: &str, bytes: &[u8]) -> Request<Body> {
    let chunks: Vec<_> = bytes.chunks(100).map(|chunk| Ok::<_, Status>(Frame::data(chunk.to_vec().into()))).collect();
    request_of(path, Body::new(StreamBody::new(iter(chunks))))
}

fn request_of(path: &str, body: Body) -> Request<Body> {
    let request = Request::post(path).version(Version::HTTP_2).header(CONTENT_TYPE, "application/grpc");
    request.header("host", "localhost").header(TE, "trailers").body(body).unwrap()
}

fn limits() -> Limits {
    let second = Duration::from_secs(1);
    Limits {
        max_connections: 10,
        anonymous_connections_of_address: 10,
        max_streams: 100,
        max_calls: 100,
        max_seat_request: 64 * 1024,
        max_request: 4 * 1024 * 1024,
        max_headers: 16 * 1024,
        deadline: 10 * second,
        max_deadline: 60 * second,
        first_call_timeout: 10 * second,
        keepalive_interval: 60 * second,
        keepalive_timeout: 20 * second,
        max_connection_age: 3_600 * second,
    }
}

/// A server whose services are puppets.
struct Stage {
    seats: Puppet,
    others: Puppet,
    fake: Arc<Fake>,
    stats: Arc<Stats>,
    /// The API tokens that this server knows.
    tokens: Arc<Tokens>,
    handler: Arc<CallHandler<Puppet>>,
}

impl Stage {
    /// Both services play the same.
    fn new(fake: Fake, plays: &[Play]) -> Self {
        Self::made(fake, plays, CallHandler::new)
    }

    fn for_peers(fake: Fake, plays: &[Play]) -> Self {
        Self::made(fake, plays, CallHandler::for_peers)
    }

    fn made(fake: Fake, plays: &[Play], make: Make) -> Self {
        let (seats, others) = (Puppet::told(plays), Puppet::told(plays));
        let methods = Arc::new(Methods::read(&[crate::proto::FILE_DESCRIPTOR_SET]).unwrap());
        let clock = Clock::system();
        let tokens = Arc::<Tokens>::default();
        let credentials = Credentials::new(false, None, Arc::clone(&tokens), Rules::default(), clock.clone());
        let guard = Arc::new(Guard::new(methods.names(), Arc::new(credentials), clock));
        let stats = Arc::new(Stats::new(Arc::clone(&methods)));
        let routes = Routes::new(seats.clone()).with(Others(others.clone()));
        let fake = Arc::new(fake);
        let handler = make(routes, methods, guard, Arc::clone(&stats), &limits());
        let handler = Arc::new(handler.with_forwarder(Arc::clone(&fake) as Arc<dyn Forwarder>));
        Self { seats, others, fake, stats, tokens, handler }
    }

    fn call(&self, request: Request<Body>) -> impl Future<Output = Response<ResponseBody>> + use<> {
        Arc::clone(&self.handler).call(request, None, connection())
    }

    /// Calls a method with a message of 10 bytes.
    async fn answer(&self, path: &str) -> Answer {
        Answer::of(self.call(request(path, &message(10))).await).await
    }
}

type Make = fn(Routes<Puppet>, Arc<Methods>, Arc<Guard>, Arc<Stats>, &Limits) -> CallHandler<Puppet>;

fn connection() -> Arc<Connection> {
    let address: SocketAddr = "127.0.0.1:1".parse().unwrap();
    let anonymous = AnonymousBudget::new(10, Clock::system()).connect(address.ip(), false).unwrap();
    let ending = tokio_util::sync::CancellationToken::new();
    Arc::new(Connection::new(Peer::new(address), anonymous, ReadTurn::new(false), ending))
}

/// What a client is told.
#[derive(Debug)]
struct Answer {
    headers: HeaderMap,
    body: Vec<u8>,
    trailers: HeaderMap,
}

impl Answer {
    async fn of<B>(response: Response<B>) -> Self
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: std::fmt::Debug,
    {
        let (head, body) = response.into_parts();
        let all = body.collect().await.unwrap();
        let trailers = all.trailers().cloned().unwrap_or_default();
        Self { headers: head.headers, body: all.to_bytes().to_vec(), trailers }
    }

    fn is_marked(&self) -> bool {
        [&self.headers, &self.trailers].into_iter().any(|headers| headers.contains_key("usher-routing"))
    }

    fn status(&self) -> Status {
        [&self.headers, &self.trailers].into_iter().find_map(Status::from_header_map).expect("a status")
    }

    /// The reason of an error with `RetryInfo` and without a mark; empty: it is none.
    fn reason(&self) -> String {
        assert!(!self.is_marked(), "{self:?}");
        let status = self.status();
        if status.code() == tonic::Code::Unavailable {
            assert!(status.get_details_retry_info().is_some(), "{status:?}");
        }
        status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
    }
}

const NOT_APPLIED: Routing = Routing::NotApplied(SHARD);
const UNKNOWN: Routing = Routing::Unknown(SHARD);
const NO_LEASE: Routing = Routing::NoLease(SHARD);
