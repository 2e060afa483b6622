//! A running server: the real gRPC server on a free port, the real services, a real store,
//! and a clock that stands still until it is moved.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretBox;
use tonic::transport::{Channel, Endpoint};
use usher::app::mount;
use usher::config::Config as Settings;
use usher::health::{NotReadyReason, Readiness};
use usher::ledger::time::WallTime;
use usher::license::{Claims, LICENSE, SigningKey, Trust, sign};
use usher::licensing::Licensing;
use usher::proto::v1::directory_service_client::DirectoryServiceClient;
use usher::proto::v1::license_service_client::LicenseServiceClient;
use usher::proto::v1::seat_service_client::SeatServiceClient;
use usher::proto::v1::session_service_client::SessionServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::server::{CallHandler, Listener, Server, Stats};
use usher::service::ServiceContext;
use usher::store::{Installation, Store};

use crate::scenarios::language::steps::START;
use crate::support::callers::open_guard;
use crate::support::in_process::{TestProcess, about, nodes};

/// A running server and its vendor.
pub struct TestServer {
    channel: Channel,
    vendor: SigningKey,
    server: Server,
    process: TestProcess,
}

impl TestServer {
    /// Starts a server without tenants.
    pub async fn start(store: Arc<dyn Store>) -> Self {
        let vendor = SigningKey::from_seed(&SecretBox::new(Box::new([1; 32])));
        let process = TestProcess::start(store, Installation::new(1), START, 2, Default::default()).await;
        let trust = Trust::new([vendor.public().clone()]);
        let licensing = Arc::new(Licensing::new(trust, vec!["login-1".to_owned()], process.now.clone()));
        let (server, address) = serve(&process.context(&licensing, &Default::default())).await;
        let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
        let channel = endpoint.connect().await.expect("a connection");
        Self { channel, vendor, server, process }
    }

    pub async fn close(self) {
        self.server.drain(Duration::from_secs(5)).await;
        self.process.stop().await;
    }

    pub fn now(&self) -> WallTime {
        self.process.now.wall()
    }

    /// Moves the clock. The regular work does not run meanwhile.
    pub fn pass(&self, time: Duration) {
        self.process.clock.advance(time);
    }

    /// Runs the regular work before the next call.
    pub fn sweep(&self) {
        self.process.journal.tick();
    }

    /// The text of a license that the vendor signed.
    pub fn signed(&self, claims: &Claims) -> String {
        sign(&self.vendor, LICENSE, &claims.to_json())
    }

    pub fn tenants(&self) -> TenantServiceClient<Channel> {
        TenantServiceClient::new(self.channel.clone())
    }

    pub fn directory(&self) -> DirectoryServiceClient<Channel> {
        DirectoryServiceClient::new(self.channel.clone())
    }

    pub fn seats(&self) -> SeatServiceClient<Channel> {
        SeatServiceClient::new(self.channel.clone())
    }

    pub fn sessions(&self) -> SessionServiceClient<Channel> {
        SessionServiceClient::new(self.channel.clone())
    }

    pub fn licenses(&self) -> LicenseServiceClient<Channel> {
        LicenseServiceClient::new(self.channel.clone())
    }
}

async fn serve(context: &Arc<ServiceContext>) -> (Server, std::net::SocketAddr) {
    let limits = settings().limits.server;
    let readiness = Readiness::loading();
    readiness.clear(NotReadyReason::Loading);
    let methods = Arc::new(mount::methods());
    let stats = Arc::new(Stats::new(Arc::clone(&methods)));
    let all = mount::all(context, &about(), &nodes(), &limits, &methods, &readiness);
    let guard = open_guard(&methods);
    let handler = CallHandler::new(all, methods, guard, Arc::clone(&stats), &limits);
    let listener = Listener::bind("127.0.0.1:0".parse().expect("an address")).await.expect("a free port");
    let address = listener.address();
    (Server::start(listener, Arc::new(handler), &limits, stats), address)
}

/// The default settings of `usher serve`.
fn settings() -> Settings {
    use clap::Parser;
    use usher::commands::{Cli, Command};
    let Command::Serve(serve) = Cli::parse_from(["usher", "serve"]).command else { panic!("not serve") };
    Settings::new(&serve, &|_| None).expect("defaults")
}
