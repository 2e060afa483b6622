//! A running server with one tenant and a vendor: the real gRPC server on a free port, the real services, a real store,
//! and a clock that stands still until it is moved.

use std::collections::HashMap;
use std::sync::Arc;

use secrecy::SecretBox;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};
use usher::app::mount;
use usher::clock::{Clock, ManualClock};
use usher::config::Config as Settings;
use usher::health::{NotReadyReason, Readiness};
use usher::ids::InstanceId;
use usher::journal::{Journal, JournalConfig};
use usher::ledger::time::WallTime;
use usher::ledger::{Config, Seed};
use usher::license::{SigningKey, Trust};
use usher::licensing::Licensing;
use usher::proto::v1;
use usher::proto::v1::directory_service_client::DirectoryServiceClient;
use usher::proto::v1::license_service_client::LicenseServiceClient;
use usher::proto::v1::seat_service_client::SeatServiceClient;
use usher::proto::v1::session_service_client::SessionServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::server::{CallHandler, Listener, Server, Stats};
use usher::service::{Limits, ServerInfo, ServiceContext};
use usher::store::{Installation, Store};
use usher::telemetry::LogFilter;

use crate::conformance::Backend;
use crate::support::callers::open_guard;

/// Time at which every text begins: 2027-01-15, 8:00.
const START: WallTime = WallTime(1_800_000_000_000);

pub const TENANT: &str = "acme";

pub struct TestServer {
    channel: Channel,
    clock: Arc<ManualClock>,
    pub now: Clock,
    pub vendor: SigningKey,
    /// The next revision of each license.
    pub revisions: HashMap<String, u64>,
    /// The last session of a user on a device.
    pub sessions: HashMap<(String, String), String>,
    server: Server,
    journal: Arc<Journal>,
    store: Arc<dyn Store>,
    _backend: Backend,
}

impl TestServer {
    /// Starts a server with a tenant that has no license and no users.
    pub async fn open(backend: Backend) -> Self {
        let vendor = SigningKey::from_seed(&SecretBox::new(Box::new([1; 32])));
        let store: Arc<dyn Store> = Arc::from(backend.open().await);
        let installation = store.installation(Installation::new(1)).await.expect("a store");
        let (now, clock) = Clock::manual(START);
        let config = JournalConfig {
            ledger: Config { demo_seats: 2, channels: Default::default(), seed: Seed(1), rates: Default::default() },
            queue: 64,
            batch: 64,
        };
        let journal = Journal::start(Arc::clone(&store), now.clone(), installation, config).await.expect("a journal");
        let journal = Arc::new(journal);
        let trust = Trust::new([vendor.public().clone()]);
        let licensing = Arc::new(Licensing::new(trust, vec!["login-1".to_owned()], now.clone()));
        let (limits, stop) = (Limits::default(), CancellationToken::new());
        let context = ServiceContext::new(Arc::clone(&journal), licensing, Default::default(), limits, stop);
        let server = serve(&context).await;
        let endpoint = Endpoint::from_shared(format!("http://{}", server.1)).expect("an address");
        let channel = endpoint.connect().await.expect("a connection");
        let server = Self {
            channel,
            clock,
            now,
            vendor,
            revisions: HashMap::new(),
            sessions: HashMap::new(),
            server: server.0,
            journal,
            store,
            _backend: backend,
        };
        let tenant = v1::Tenant { tenant_id: TENANT.into(), ..Default::default() };
        let create = v1::CreateTenantRequest { tenant: Some(tenant) };
        server.tenants().create_tenant(create).await.expect("a tenant");
        server
    }

    pub async fn close(self) {
        self.server.drain(std::time::Duration::from_secs(5)).await;
        self.journal.stop().await;
        self.store.close().await;
    }

    /// Moves the clock, and runs the regular work at the end. Only displays depend on that work (R18).
    pub fn wait(&self, time: std::time::Duration) {
        self.clock.advance(time);
        self.journal.tick();
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

    pub fn logins(&self) -> SessionServiceClient<Channel> {
        SessionServiceClient::new(self.channel.clone())
    }

    pub fn licenses(&self) -> LicenseServiceClient<Channel> {
        LicenseServiceClient::new(self.channel.clone())
    }

    /// The last session of a user on a device.
    ///
    /// # Errors
    /// If the user did not sign in there.
    pub fn session(&self, user: &str, device: &str) -> Result<String, String> {
        let found = self.sessions.get(&(user.to_owned(), device.to_owned()));
        found.cloned().ok_or_else(|| format!("{user} did not sign in on {device}"))
    }
}

async fn serve(context: &Arc<ServiceContext>) -> (Server, std::net::SocketAddr) {
    let limits = settings().limits.server;
    let readiness = Readiness::loading();
    readiness.clear(NotReadyReason::Loading);
    let methods = Arc::new(mount::methods());
    let stats = Arc::new(Stats::new(Arc::clone(&methods)));
    let all = mount::all(context, &about(), &limits, &methods, &readiness);
    let guard = open_guard(&methods);
    let handler = CallHandler::new(all, methods, guard, Arc::clone(&stats), &limits);
    let listener = Listener::bind("127.0.0.1:0".parse().expect("an address")).await.expect("a free port");
    let address = listener.address();
    (Server::start(listener, Arc::new(handler), &limits, stats), address)
}

/// Server information, which no text reads.
fn about() -> Arc<ServerInfo> {
    Arc::new(ServerInfo {
        started: WallTime(0),
        postgres: false,
        shards: 1,
        instance: InstanceId::random(),
        authentication: Vec::new(),
        log: LogFilter::new("info", drop),
    })
}

/// The default settings of `usher serve`.
fn settings() -> Settings {
    use clap::Parser;
    use usher::commands::{Cli, Command};
    let Command::Serve(serve) = Cli::parse_from(["usher", "serve"]).command else { panic!("not serve") };
    Settings::new(&serve, &|_| None).expect("defaults")
}
