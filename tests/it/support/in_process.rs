//! A server without a listener, in the test's own process: a store, a journal, and a clock that a test moves.

use std::sync::Arc;

use usher::auth::Tokens;
use usher::clock::{Clock, ManualClock};
use usher::ids::InstanceId;
use usher::journal::{Journal, JournalConfig};
use usher::ledger::notification::Channels;
use usher::ledger::time::WallTime;
use usher::ledger::{Config, Seed};
use usher::licensing::Licensing;
use usher::service::{Limits, NodeDirectory, Nodes, ServerInfo, ServiceContext};
use usher::shards::AllShards;
use usher::store::{Installation, Store};
use usher::telemetry::LogFilter;

pub struct TestProcess {
    pub store: Arc<dyn Store>,
    pub journal: Arc<Journal>,
    pub clock: Arc<ManualClock>,
    pub now: Clock,
}

impl TestProcess {
    /// Starts a process on the store when the clock shows `wall`. `new`: the installation, if the store has none yet.
    pub async fn start(
        store: Arc<dyn Store>,
        new: Installation,
        wall: WallTime,
        demo_seats: u64,
        channels: Channels,
    ) -> Self {
        let installation = store.installation(new).await.expect("a store");
        let (now, clock) = Clock::manual(wall);
        let ledger = Config { demo_seats, channels, seed: Seed(1), rates: Default::default() };
        let config = JournalConfig { ledger, queue: 64, batch: 64 };
        let journal = Journal::start(Arc::clone(&store), now.clone(), installation, config).await.expect("a journal");
        Self { store, journal: Arc::new(journal), clock, now }
    }

    /// Returns the services' context.
    pub fn context(&self, licensing: &Arc<Licensing>, tokens: &Arc<Tokens>) -> Arc<ServiceContext> {
        let shards = AllShards::of_one_process(Arc::clone(&self.journal), Arc::clone(tokens));
        ServiceContext::new(shards, Arc::clone(licensing), Limits::default(), Default::default())
    }

    /// Stops the process in order.
    pub async fn stop(self) {
        self.journal.stop().await;
        self.store.close().await;
    }
}

/// Server information that no test reads.
pub fn about() -> Arc<ServerInfo> {
    Arc::new(ServerInfo {
        started: WallTime(0),
        postgres: false,
        shards: 1,
        instance: InstanceId::random(),
        authentication: Vec::new(),
        log: LogFilter::new("info", drop),
    })
}

/// A directory without nodes, which no test reads.
pub fn nodes() -> Arc<dyn NodeDirectory> {
    struct Nobody;

    impl NodeDirectory for Nobody {
        fn nodes(&self) -> Nodes {
            Nodes::default()
        }
    }
    Arc::new(Nobody)
}
