//! The retention task deletes audit events in steps until none is due, and continues when others are due.

use std::sync::atomic::Ordering;
use std::time::Duration;

use usher::clock::Clock;
use usher::ids::{EventNo, TenantNo};
use usher::ledger::change::{Action, AuditEvent};
use usher::ledger::time::WallTime;
use usher::tasks::{self, Tasks};

use super::{NOON, Process, actor};
use crate::support::memory::Memory;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn event(no: u64, at: WallTime) -> AuditEvent {
    AuditEvent {
        no: EventNo(no),
        tenant: TenantNo(1),
        at,
        actor: actor(),
        action: Action::TenantUpdated,
        reason: None,
        user: None,
        pool: None,
        session: None,
        organization: None,
        count: 1,
        detail: "".into(),
    }
}

fn left(store: &Memory) -> Vec<u64> {
    store.disk.lock().unwrap().events.keys().map(|no| no.0).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_for_long_enough_is_deleted() {
    let store = Memory::default();
    let process = Process::start(&store).await;
    {
        let mut disk = store.disk.lock().unwrap();
        disk.events.extend((1..=1_000).map(|no| (EventNo(no), event(no, NOON.minus(400 * DAY + DAY)))));
        disk.events.extend((1_001..=1_003).map(|no| (EventNo(no), event(no, NOON.minus(400 * DAY - DAY)))));
    }
    let (clock, manual) = Clock::manual(NOON);
    let tasks = Tasks::new(clock.clone());
    tasks::retain(&tasks, &process.journal, &clock, 400 * DAY);
    let runs = async |count| {
        // Tokio's paused clock advances when every task is idle.
        let mut often = tokio::time::interval(Duration::from_millis(100));
        while tasks.status()[0].runs < count {
            often.tick().await;
        }
    };
    // The manual clock stands still, so that one run deletes everything that is due.
    runs(1).await;
    assert_eq!(left(&store), [1_001, 1_002, 1_003]);
    let counted = || process.journal.stats()[0].audit_expired.load(Ordering::Relaxed);
    assert_eq!(counted(), 1_000);
    // Two days later the other events are due; the task looks for them an hour after its last look at the earliest.
    manual.set_wall(NOON.plus(2 * DAY));
    let later = tasks.status()[0].runs + 3;
    runs(later).await;
    assert_eq!((left(&store).len(), counted()), (3, 1_000));
    manual.advance(Duration::from_secs(60 * 60));
    let later = tasks.status()[0].runs + 2;
    runs(later).await;
    assert_eq!((left(&store).len(), counted()), (0, 1_003));
    tasks.stop().await;
}
