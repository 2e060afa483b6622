//! The gRPC server on real sockets, with a test service behind it.

mod calls;
mod connections;
mod starting;
mod web;

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::{Stream, StreamExt};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_types::{ErrorDetails, StatusExt};

use crate::support::callers::open_guard;
use usher::commands::{Cli, Command};
use usher::config::Config;
use usher::server::{CallHandler, Limits, Listener, Methods, Routes, Server, Stats};

/// Timeout of events that must happen; only a failing test waits this long.
const SOON: Duration = Duration::from_secs(20);

/// A health service whose behavior is chosen by the service name in the request.
struct Puppet {
    /// Receives a message for every call to `hang`, which ends when `release` has a permit.
    hanging: mpsc::UnboundedSender<()>,
    release: Arc<Semaphore>,
}

#[tonic::async_trait]
impl Health for Puppet {
    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        match request.get_ref().service.as_str() {
            "panic" => panic!("the puppet panics, as it was told"),
            "refuse" => {
                let details = ErrorDetails::with_error_info("TOLD", "puppet", []);
                return Err(Status::with_error_details(Code::Aborted, "as it was told", details));
            }
            "hang" => {
                let _ = self.hanging.send(());
                self.release.acquire().await.expect("never closed").forget();
            }
            _ => {}
        }
        Ok(Response::new(HealthCheckResponse { status: ServingStatus::Serving.into() }))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    /// Sends one message and then stays open; or panics.
    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let panics = request.get_ref().service == "panic";
        let first = tokio_stream::once(Ok(HealthCheckResponse { status: ServingStatus::Serving.into() }));
        let then = tokio_stream::pending().chain(tokio_stream::empty());
        let stream = first.map(move |message| if panics { panic!("the stream panics") } else { message });
        Ok(Response::new(Box::pin(stream.chain(then))))
    }
}

struct Running {
    server: Server,
    stats: Arc<Stats>,
    address: SocketAddr,
    hanging: mpsc::UnboundedReceiver<()>,
    release: Arc<Semaphore>,
}

fn limits(arguments: &str) -> Limits {
    let words = ["usher", "serve"].into_iter().chain(arguments.split_whitespace());
    let Command::Serve(serve) = Cli::try_parse_from(words).unwrap().command else { panic!("not serve") };
    Config::new(&serve, &|_| None).unwrap().limits.server
}

async fn run(arguments: &str) -> Running {
    let limits = limits(arguments);
    let (told, hanging) = mpsc::unbounded_channel();
    let release = Arc::new(Semaphore::new(0));
    let puppet = HealthServer::new(Puppet { hanging: told, release: Arc::clone(&release) });
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()
        .unwrap();
    let descriptors = [tonic_health::pb::FILE_DESCRIPTOR_SET, tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET];
    let methods = Arc::new(Methods::read(&descriptors).unwrap());
    let stats = Arc::new(Stats::new(Arc::clone(&methods)));
    let routes = Routes::new(puppet).with(reflection);
    let guard = open_guard(&methods);
    let handler = CallHandler::new(routes, methods, guard, Arc::clone(&stats), &limits);
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.address();
    let server = Server::start(listener, Arc::new(handler), &limits, Arc::clone(&stats));
    Running { server, stats, address, hanging, release }
}

impl Running {
    async fn client(&self) -> HealthClient<Channel> {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address)).unwrap();
        HealthClient::new(endpoint.connect().await.unwrap())
    }

    fn count(&self, method: &str, code: &str) -> u64 {
        let calls = self.stats.calls().filter(|(name, coded, _)| *name == method && *coded == code);
        calls.map(|(_, _, count)| count).sum()
    }
}

fn health_check(service: &str) -> Request<HealthCheckRequest> {
    let mut request = Request::new(HealthCheckRequest { service: service.into() });
    // Keeps a test from hanging when the server does.
    request.set_timeout(SOON);
    request
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, what).await.expect("it should have happened by now")
}

/// Returns the reason in the `ErrorInfo` of a status.
fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

const CHECK: &str = "grpc.health.v1.Health/Check";
const WATCH: &str = "grpc.health.v1.Health/Watch";
const GRPC_WEB: &str = "application/grpc-web+proto";
