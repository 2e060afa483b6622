//! The journal over a store with scripted faults: what is durable, which callers get an answer, and when.

mod clocks;
mod durability;
mod handing_over;
mod leases;
mod loading_ahead;
mod moving;
mod ownership;
mod peer;
mod preparing;
mod refusals;
mod renaming;
mod renewing;
mod retention;
mod steps;
mod time;
mod wall_times;
mod watching;

use std::sync::Arc;
use std::time::Duration;

use usher::clock::{Clock, ManualClock};
use usher::cluster::Node;
use usher::ids::{DeviceId, LicenseId, PoolId, SessionId, ShardId, TenantId, UserId};
use usher::journal::{Journal, JournalConfig, JournalError};
use usher::ledger::change::{Actor, Limit, Plan};
use usher::ledger::command::{CheckOut, CreateTenant, GetUsage, GrantSeats, Heartbeat, InstallLicense, LicenseGrant};
use usher::ledger::outcome::{CheckedOut, HeartbeatResult, PoolUsage};
use usher::ledger::policy::Policy;
use usher::ledger::time::WallTime;
use usher::ledger::{Config, Seed};

use crate::support::member::start_alone;
use crate::support::memory::{Memory, installation};

/// One process: a journal over the disk.
struct Process {
    journal: Arc<Journal>,
    clock: Arc<ManualClock>,
}

/// The only shard of the store in memory.
const SHARD: ShardId = ShardId(0);
const NOON: WallTime = WallTime(1_800_000_000_000);

fn actor() -> Actor {
    Actor("test".into())
}

fn tenant() -> TenantId {
    TenantId::parse("acme").unwrap()
}

fn pool() -> PoolId {
    PoolId::parse("primary").unwrap()
}

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn config() -> JournalConfig {
    JournalConfig {
        ledger: Config { demo_seats: 2, channels: Default::default(), seed: Seed(1), rates: Default::default() },
        queue: 8,
        batch: 4,
    }
}

/// Makes a clock follow the time of the test from now on.
fn goes_on(clock: &Arc<ManualClock>) {
    const STEP: Duration = Duration::from_millis(100);
    let clock = Arc::clone(clock);
    tokio::spawn(async move {
        let mut steps = tokio::time::interval(STEP);
        loop {
            steps.tick().await;
            clock.advance(STEP);
        }
    });
}

impl Process {
    /// Starts a process on the disk, and claims the shard, whichever process owns it.
    async fn start(store: &Memory) -> Self {
        Self::start_with(store, config()).await
    }

    async fn start_with(store: &Memory, config: JournalConfig) -> Self {
        let (clock, manual) = Clock::manual(NOON);
        let journal = Journal::start(Arc::new(store.clone()), clock, installation(1), config).await.unwrap();
        Self { journal: Arc::new(journal), clock: manual }
    }

    /// Starts a process as one of several nodes, and waits until it serves the shard. Its time stands still.
    async fn start_among(store: &Memory) -> (Self, Arc<Node>) {
        let (clock, manual) = Clock::manual(NOON);
        let (journal, node) = start_alone(store, clock, installation(1), config()).await;
        (Self { journal, clock: manual }, node)
    }

    /// Like [`Process::start_among`], but its time goes on from the beginning.
    async fn start_in_time(store: &Memory) -> (Self, Arc<Node>) {
        let (clock, manual) = Clock::manual(NOON);
        goes_on(&manual);
        let (journal, node) = start_alone(store, clock, installation(1), config()).await;
        (Self { journal, clock: manual }, node)
    }

    /// Starts a process with a tenant that has a concurrent pool of `seats`, and three users who may sign in.
    async fn with_pool(store: &Memory, seats: u64) -> Self {
        Self::start(store).await.pool(seats).await
    }

    async fn pool(self, seats: u64) -> Self {
        let process = self;
        let (actor, tenant) = (actor(), tenant());
        let create = CreateTenant { display_name: "".into(), contact: "".into(), policy: Policy::default() };
        process.journal.submit(&actor, &tenant, create).await.unwrap().unwrap();
        let pools = vec![(pool(), Plan::Concurrent, Limit::Seats(seats)).into()];
        let grant = LicenseGrant { revision: 1, pools, ..LicenseGrant::default() };
        let license = InstallLicense { license: LicenseId::parse("l").unwrap(), grant };
        process.journal.submit(&actor, &tenant, license).await.unwrap().unwrap();
        let users = ["ann", "bob", "cid"].map(user).to_vec();
        let seats = GrantSeats { pools: vec![pool()], users, organizations: Vec::new() };
        process.journal.submit(&actor, &tenant, seats).await.unwrap();
        process
    }

    async fn check_out(&self, name: &str) -> Result<CheckedOut, JournalError> {
        self.check_out_as(name, SessionId::random()).await
    }

    async fn check_out_as(&self, name: &str, fresh: SessionId) -> Result<CheckedOut, JournalError> {
        let answer = self.journal.submit(&actor(), &tenant(), Self::login(name, fresh)).await?;
        Ok(answer.expect("no budget is used up"))
    }

    async fn check_only(&self, name: &str) -> Result<CheckedOut, JournalError> {
        let request = CheckOut { check_only: true, ..Self::login(name, SessionId::random()) };
        Ok(self.journal.submit(&actor(), &tenant(), request).await?.expect("no budget is used up"))
    }

    /// Signs a user in to a tenant in demo mode.
    async fn check_out_of(&self, tenant: &TenantId, name: &str) -> Result<CheckedOut, JournalError> {
        let grant = GrantSeats { pools: vec![pool()], users: vec![user(name)], organizations: Vec::new() };
        self.journal.submit(&actor(), tenant, grant).await?;
        let answer = self.journal.submit(&actor(), tenant, Self::login(name, SessionId::random())).await?;
        Ok(answer.expect("no budget is used up"))
    }

    fn login(name: &str, fresh: SessionId) -> CheckOut {
        CheckOut {
            pool: pool(),
            user: user(name),
            device: DeviceId::parse("laptop").unwrap(),
            organization: None,
            client: "".into(),
            check_only: false,
            fresh,
            alternatives: Vec::new(),
        }
    }

    async fn heartbeat(&self, session: SessionId) -> Result<HeartbeatResult, JournalError> {
        let request = Heartbeat { heartbeats: vec![(session, true)] };
        Ok(self.journal.submit(&actor(), &tenant(), request).await?.remove(0))
    }

    async fn usage(&self) -> Result<PoolUsage, JournalError> {
        let usage = self.journal.query(&tenant(), GetUsage).await?.expect("the tenant is there");
        Ok(usage.pools.into_iter().next().expect("the pool is there"))
    }
}

#[tokio::test]
async fn the_installation_is_the_one_that_was_made_first() {
    let process = Process::start(&Memory::default()).await;
    assert_eq!(process.journal.instance(), installation(1).instance);
}

fn session_of(answer: &CheckedOut) -> SessionId {
    answer.decision.as_ref().expect("a yes").session.expect("a session that was taken")
}
