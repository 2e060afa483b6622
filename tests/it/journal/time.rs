//! The work of a tick is divided into steps, between which the writer serves other calls (I9); and a stuck writer is
//! detected.

use std::sync::atomic::Ordering;
use std::time::Duration;

use usher::clock::Clock;
use usher::health::{NotReadyReason, Readiness};
use usher::ids::{ShardId, TenantId, UserId};
use usher::ledger::change::{Action, Limit, Plan};
use usher::ledger::command::{CheckOut, CreateTenant, GrantSeats, InstallLicense, LicenseGrant};
use usher::ledger::policy::Policy;
use usher::ledger::time::WallTime;
use usher::ops;
use usher::tasks::Tasks;

use super::{Process, actor, pool};
use crate::support::memory::Memory;

/// Enough sessions for many steps.
const MANY: u64 = 2_000;

fn other() -> TenantId {
    TenantId::parse("other").unwrap()
}

impl Process {
    /// Adds a tenant in which this many users are signed in, with sessions that have no lease.
    async fn with_many_sessions(store: &Memory) -> Self {
        let process = Self::with_pool(store, 5).await;
        let (actor, other) = (actor(), other());
        let policy = Policy { lease_ttl: Duration::ZERO, ..Policy::default() };
        let create = CreateTenant { display_name: "".into(), contact: "".into(), policy };
        process.journal.submit(&actor, &other, create).await.unwrap().unwrap();
        let pools = vec![(pool(), Plan::Concurrent, Limit::Seats(MANY)).into()];
        let grant = LicenseGrant { revision: 1, pools, ..LicenseGrant::default() };
        let license = InstallLicense { license: usher::ids::LicenseId::parse("l").unwrap(), grant };
        process.journal.submit(&actor, &other, license).await.unwrap().unwrap();
        let users: Vec<_> = (0..MANY).map(|no| UserId::stored(&format!("user{no:05}"))).collect();
        let grant = GrantSeats { pools: vec![pool()], users: users.clone(), organizations: Vec::new() };
        process.journal.submit(&actor, &other, grant).await.unwrap();
        for user in users {
            let login = CheckOut {
                pool: pool(),
                user,
                device: usher::ids::DeviceId::parse("laptop").unwrap(),
                organization: None,
                client: "".into(),
                check_only: false,
                fresh: usher::ids::SessionId::random(),
                alternatives: Vec::new(),
            };
            assert!(process.journal.submit(&actor, &other, login).await.unwrap().unwrap().decision.is_ok());
        }
        process
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_is_decided_while_many_sessions_of_another_tenant_end() {
    let store = Memory::default();
    let process = Process::with_many_sessions(&store).await;
    process.clock.advance(Duration::from_secs(11 * 60 * 60));
    store.disk.lock().unwrap().largest = 0;
    process.journal.tick();
    assert!(process.check_out("ann").await.unwrap().decision.is_ok());
    let ended = |store: &Memory| {
        let disk = store.disk.lock().unwrap();
        disk.events.values().filter(|event| event.action == Action::SessionEnded).count() as u64
    };
    let at_the_login = ended(&store);
    assert!(at_the_login < MANY / 2, "the login waited for {at_the_login} ends");
    for _ in 0..10_000 {
        if ended(&store) == MANY {
            break;
        }
        process.usage().await.unwrap();
    }
    assert_eq!(ended(&store), MANY, "one tick ends them all");
    let largest = store.disk.lock().unwrap().largest;
    assert!(largest < 1_000, "{largest} rows and events in one batch");
}

#[tokio::test(start_paused = true)]
async fn a_scrape_beside_a_tick_is_answered() {
    let store = Memory::default();
    let process = Process::with_many_sessions(&store).await;
    let (totals, busiest) = process.journal.totals(5).await;
    assert_eq!((totals.tenants, totals.sessions, totals.seats_in_use, busiest[0].in_use), (2, MANY, MANY, MANY));
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_is_stuck_in_a_step_is_neither_alive_nor_ready() {
    let process = Process::with_pool(&Memory::default(), 5).await;
    assert_eq!(process.journal.stuck(), None);
    let (stats, readiness) = (process.journal.stats(), Readiness::loading());
    readiness.clear(NotReadyReason::Loading);
    // Simulates a step that began at the first moment and has not ended.
    stats[0].step_began_micros.store(1, Ordering::Relaxed);
    process.clock.advance(Duration::from_secs(4));
    assert_eq!(process.journal.stuck(), None, "it may be a moment yet");
    process.clock.advance(Duration::from_secs(2));
    let (shard, age) = process.journal.stuck().expect("stuck");
    assert_eq!((shard, age.as_secs()), (ShardId(0), 5));
    let tasks = Tasks::new(Clock::manual(WallTime(0)).0);
    ops::watch_writers(&tasks, &process.journal, &readiness);
    let mut reasons_seen = readiness.subscribe();
    reasons_seen.wait_for(|reasons| reasons.has(NotReadyReason::Stuck)).await.unwrap();
    assert_eq!(readiness.now().to_string(), "a shard is stuck");
    stats[0].step_began_micros.store(0, Ordering::Relaxed);
    reasons_seen.wait_for(|reasons| reasons.serving()).await.unwrap();
    tasks.stop().await;
}

#[tokio::test(start_paused = true)]
async fn steps_are_counted() {
    let process = Process::with_pool(&Memory::default(), 5).await;
    process.check_out("ann").await.unwrap();
    let (_, steps) = process.journal.stats()[0].step_micros.cumulated();
    assert!(steps > 0);
}
