//! Creates tenants with licenses through the journal, before a server starts: the tenants of the benchmarks.

use std::sync::Arc;

use secrecy::SecretString;
use usher::clock::Clock;
use usher::ids::{LicenseId, PoolId, TenantId, random_seed};
use usher::journal::{Journal, JournalConfig};
use usher::ledger::change::{Actor, Limit, Plan};
use usher::ledger::command::{CheckOut, CreateTenant, InstallLicense, LicenseGrant};
use usher::ledger::policy::{Policy, UnknownUsers};
use usher::ledger::{Config, Seed};
use usher::store::postgres::{DatabaseUrl, PostgresStore};
use usher::store::sqlite::SqliteStore;
use usher::store::{Installation, Store};

use crate::support::program::Data;

/// Tenants that are created concurrently: fewer than the 16,384 commands that the queue holds.
const BATCH_ROWS: usize = 8_192;
/// Shards of a database, unless `--shards` says otherwise.
pub const DEFAULT_SHARDS: u16 = 4;

/// Returns the id of a tenant.
pub fn tenant(number: usize) -> String {
    format!("tenant-{number:05}")
}

/// Returns the id of a user.
pub fn user(number: usize) -> String {
    format!("user{number:07}@example.com")
}

/// Creates `tenants` tenants with two pools: `primary`, which is never full, and `full`, whose only seat is taken.
pub async fn tenants(data: &Data<'_>, tenants: usize) {
    tenants_in(data, tenants, DEFAULT_SHARDS).await;
}

/// The same, in so many shards of a database.
pub async fn tenants_in(data: &Data<'_>, tenants: usize, shards: u16) {
    make_all(data, tenants, shards, true).await;
}

/// Creates tenants with a license and without users.
#[allow(dead_code)] // For the benchmark of work.
pub async fn idle_tenants(data: &Data<'_>, tenants: usize) {
    make_all(data, tenants, DEFAULT_SHARDS, false).await;
}

async fn make_all(data: &Data<'_>, tenants: usize, shards: u16, occupied: bool) {
    let store: Arc<dyn Store> = match data {
        Data::Folder(folder) => Arc::new(SqliteStore::open(folder).expect("a store")),
        Data::Postgres(url) => {
            let url: SecretString = (*url).into();
            let url = DatabaseUrl::parse(&url).expect("a URL");
            Arc::new(PostgresStore::open(&url, true).await.expect("a store"))
        }
    };
    let shards = if matches!(data, Data::Folder(_)) { 1 } else { shards };
    let installation = Installation::new(shards);
    let installation = store.installation(installation).await.expect("shards");
    let seed = random_seed();
    let ledger = Config { demo_seats: 0, channels: Default::default(), seed: Seed(seed), rates: Default::default() };
    let config = JournalConfig { ledger, queue: 16_384, batch: 1_024 };
    let journal =
        Arc::new(Journal::start(Arc::clone(&store), Clock::system(), installation, config).await.expect("a journal"));
    for from in (0..tenants).step_by(BATCH_ROWS) {
        let making = (from..tenants.min(from + BATCH_ROWS)).map(|number| {
            let journal = Arc::clone(&journal);
            tokio::spawn(async move { make(&journal, &tenant(number), occupied).await })
        });
        for made in making.collect::<Vec<_>>() {
            made.await.expect("a tenant");
        }
    }
    journal.stop().await;
    store.close().await;
}

async fn make(journal: &Journal, name: &str, occupied: bool) {
    let (actor, tenant) = (Actor::service(), TenantId::parse(name).expect("an id"));
    let policy = Policy { unknown_users: UnknownUsers::Admit, ..Policy::default() };
    let create = CreateTenant { display_name: name.into(), contact: "".into(), policy };
    journal.submit(&actor, &tenant, create).await.expect("an answer").expect("a tenant");
    let pool = |name: &str, seats| (PoolId::parse(name).expect("an id"), Plan::Concurrent, Limit::Seats(seats)).into();
    let pools = vec![pool("primary", 10_000_000), pool("full", 1)];
    let grant = LicenseGrant { revision: 1, pools, ..LicenseGrant::default() };
    let license = InstallLicense { license: LicenseId::parse("bench").expect("an id"), grant };
    journal.submit(&actor, &tenant, license).await.expect("an answer").expect("a license");
    if !occupied {
        return;
    }
    let occupant = CheckOut {
        pool: PoolId::parse("full").expect("an id"),
        user: usher::ids::UserId::parse("occupant").expect("an id"),
        device: usher::ids::DeviceId::parse("laptop").expect("an id"),
        organization: None,
        client: "".into(),
        check_only: false,
        fresh: usher::ids::SessionId::random(),
        alternatives: Vec::new(),
    };
    journal
        .submit(&actor, &tenant, occupant)
        .await
        .expect("an answer")
        .expect("no budget is used up")
        .decision
        .expect("the seat");
}
