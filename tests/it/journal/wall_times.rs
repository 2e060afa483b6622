//! The displayed time of an event does not change (R31), on both stores: whatever the wall clock is set to while a
//! process runs, and over restarts, whether or not the machine vouches for the time in between.

use std::sync::Arc;

use usher::clock::Clock;
use usher::ids::OrganizationId;
use usher::journal::Journal;
use usher::ledger::command::{
    CreateOrganization, GetLicenseInformation, GetTenant, GetUser, Heartbeat, ListLicenses, ListOrganizations,
    ListSessions,
};
use usher::ledger::continuity::Boot;
use usher::ledger::outcome::HeartbeatResult;
use usher::ledger::time::WallTime;
use usher::store::Store;

use super::{NOON, Process, actor, config, session_of, tenant, user};
use crate::conformance::Backend;
use crate::conformance::audit::everything;
use crate::support::memory::installation;

const HOUR: i64 = 3_600_000;
const MINUTE: std::time::Duration = std::time::Duration::from_secs(60);
const MACHINE: Boot = Boot { id: 7, at: 1_000_000 };

#[tokio::test]
async fn r31_on_sqlite() {
    stand_where_they_were(Backend::sqlite()).await;
}

#[tokio::test]
async fn r31_on_postgres() {
    stand_where_they_were(Backend::postgres().await).await;
}

/// Starts a process whose wall clock shows `wall`, on a machine that was started `up` milliseconds before; `None`: on
/// another machine.
async fn serve(backend: &Backend, wall: i64, up: Option<u64>) -> (Process, Arc<dyn Store>) {
    let store: Arc<dyn Store> = backend.start().await.into();
    let (clock, manual) = Clock::manual(WallTime(wall));
    manual.set_machine(up.map(|up| Boot { at: MACHINE.at + up, ..MACHINE }));
    let journal = Journal::start(Arc::clone(&store), clock, installation(1), config()).await.unwrap();
    (Process { journal: Arc::new(journal), clock: manual }, store)
}

async fn end(process: Process, store: Arc<dyn Store>) {
    process.journal.stop().await;
    store.close().await;
}

/// Every displayed time of something that has happened, with its name.
async fn times(process: &Process, store: &Arc<dyn Store>) -> Vec<(String, WallTime)> {
    let mut times = Vec::new();
    let mut add = |name: String, at: Option<WallTime>| times.extend(at.map(|at| (name, at)));
    let tenant = &tenant();
    let request = GetTenant;
    add("the tenant's creation".into(), Some(process.journal.query(tenant, request).await.unwrap().unwrap().created));
    for name in ["ann", "bob", "cid"] {
        let request = GetUser { user: user(name), organization: None };
        let view = process.journal.query(tenant, request).await.unwrap().unwrap();
        add(format!("{name}'s creation"), Some(view.created));
        add(format!("{name}'s last sign-in"), view.last_sign_in);
        add(format!("{name}'s last activity"), view.last_activity);
        add(format!("{name}'s grant"), view.seats.first().map(|seat| seat.granted));
    }
    let request = ListSessions { limit: 10, ..ListSessions::default() };
    for session in process.journal.query(tenant, request).await.unwrap().unwrap().rows {
        add(format!("the start of {}", session.id), Some(session.started));
        add(format!("the activity of {}", session.id), Some(session.last_activity));
    }
    let request = ListOrganizations { limit: 10, ..ListOrganizations::default() };
    for organization in process.journal.query(tenant, request).await.unwrap().unwrap().rows {
        add(format!("the creation of {}", organization.id), Some(organization.created));
    }
    let request = ListLicenses { limit: 10, after: None };
    for license in process.journal.query(tenant, request).await.unwrap().unwrap().rows {
        add(format!("the installation of {}", license.id), Some(license.installed));
    }
    let request = GetLicenseInformation;
    add("the last change of licenses".into(), process.journal.query(tenant, request).await.unwrap().unwrap().updated);
    for event in store.audit(everything(1)).await.unwrap().events {
        add(format!("audit event {}", event.no), Some(event.at));
    }
    times
}

/// The displayed times at the last look.
#[derive(Default)]
struct Seen(Vec<(String, WallTime)>);

impl Seen {
    async fn look(&mut self, process: &Process, store: &Arc<dyn Store>, what: &str) {
        let now = times(process, store).await;
        for (name, at) in &self.0 {
            // A session that has ended is in no list, and new activity has a later time.
            let same = now.iter().filter(|(other, _)| other == name).all(|(_, now)| now == at);
            assert!(same || name.contains("activity") || name.contains("last"), "{what}: {name} was {at}: {now:?}");
        }
        self.0 = now;
    }
}

async fn stand_where_they_were(backend: Backend) {
    let (process, store) = serve(&backend, NOON.0, Some(0)).await;
    let process = process.pool(3).await;
    let create = CreateOrganization { organization: OrganizationId::parse("berlin").unwrap(), display_name: "".into() };
    process.journal.submit(&actor(), &tenant(), create).await.unwrap().unwrap();
    process.clock.advance(MINUTE);
    let ann = session_of(&process.check_out("ann").await.unwrap());
    let mut seen = Seen::default();
    seen.look(&process, &store, "at first").await;
    let before = seen.0.clone();

    // While the process runs, the clock is set eight hours ahead, and then a day back.
    for by in [8 * HOUR, -24 * HOUR] {
        let what = format!("the clock is set by {by} ms");
        process.clock.set_wall(WallTime(process.clock.wall().0 + by));
        seen.look(&process, &store, &what).await;
        process.clock.advance(MINUTE);
        seen.look(&process, &store, &what).await;
        assert_eq!(seen.0, before, "{what}");
    }
    let bob = process.check_out("bob").await.unwrap().decision.unwrap();
    assert_eq!(bob.started, WallTime(NOON.0 + 3 * 60_000 - 16 * HOUR), "what happens now has the time of now");
    seen.look(&process, &store, "bob signed in").await;
    let before = seen.0.clone();
    end(process, store).await;

    // First the same machine two hours later, with the right time; then another one, later; then one whose clock is
    // behind.
    let mut wall = NOON.0 + 3 * 60_000 + 2 * HOUR;
    for (up, later) in [(Some(3 * 60_000 + 2 * HOUR as u64), 0), (None, 5 * HOUR), (None, -48 * HOUR), (None, 0)] {
        wall += later;
        let what = format!("after a restart, at {wall}, on the same machine: {}", up.is_some());
        let (process, store) = serve(&backend, wall, up).await;
        seen.look(&process, &store, &what).await;
        assert_eq!(seen.0, before, "{what}");
        process.clock.advance(MINUTE);
        wall += 60_000;
        let beat = Heartbeat { heartbeats: vec![(ann, false)] };
        let kept = process.journal.submit(&actor(), &tenant(), beat).await.unwrap().remove(0);
        assert!(matches!(kept, HeartbeatResult::Kept(_)), "{what}: {kept:?}");
        seen.look(&process, &store, &what).await;
        end(process, store).await;
    }
}
