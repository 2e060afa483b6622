//! Watchers get durable events only, in their order; a slow watcher learns that it has missed events.

use std::time::Duration;

use tokio::time::timeout;
use usher::journal::{SessionWatch, WatchEvent};
use usher::ledger::command::{CheckIn, CreateTenant, DeleteTenant, UpdateUser, UserPatch};
use usher::ledger::outcome::SessionEndReason;
use usher::ledger::policy::Policy;

use super::{Process, actor, session_of, tenant, user};
use crate::support::memory::{Fault, Memory};

async fn watch(process: &Process) -> SessionWatch {
    process.journal.watch(&tenant(), None).await.unwrap().expect("the tenant is there")
}

#[tokio::test(start_paused = true)]
async fn starts_and_ends_come_in_order_and_a_cursor_resumes_behind_them() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    let mut events = watch(&process).await;
    let ann = session_of(&process.check_out("ann").await.unwrap());
    process.journal.submit(&actor(), &tenant(), CheckIn { session: ann }).await.unwrap();

    let WatchEvent::Started { cursor, session, known: true } = events.next().await else { panic!("a start") };
    assert_eq!((session.id, session.user, session.device.as_str()), (ann, user("ann"), "laptop"));
    let WatchEvent::Ended { session, reason, .. } = events.next().await else { panic!("an end") };
    assert_eq!((session.id, reason), (ann, SessionEndReason::CheckedIn));

    let mut resumed = process.journal.watch(&tenant(), Some(cursor)).await.unwrap().unwrap();
    assert!(matches!(resumed.next().await, WatchEvent::Ended { .. }), "behind the start stands the end");
}

#[tokio::test(start_paused = true)]
async fn an_event_is_not_shown_before_it_is_durable() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    let mut events = watch(&process).await;
    store.fail_next(Fault::Stall);
    let (journal, clock) = (process.journal.clone(), process.clock.clone());
    let asked = tokio::spawn(async move { Process { journal, clock }.check_out("ann").await });
    store.has_stalled().await;
    assert!(timeout(Duration::from_millis(50), events.next()).await.is_err());
    store.resume_commits();
    assert!(matches!(events.next().await, WatchEvent::Started { .. }));
    asked.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_watcher_that_fell_behind_reads_the_audit_and_lists_again_only_behind_its_end() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    let (mut events, mut slower) = (watch(&process).await, watch(&process).await);
    let other = usher::ids::TenantId::parse("globex").unwrap();
    let create = CreateTenant { display_name: "".into(), contact: "".into(), policy: Policy::default() };
    process.journal.submit(&actor(), &other, create).await.unwrap().unwrap();
    let mut quiet = process.journal.watch(&other, None).await.unwrap().expect("the tenant is there");
    process.check_out_of(&other, "dan").await.unwrap();
    // More events than are kept: two a round, of 300 bytes and more each.
    const ROUNDS: usize = 33_000;
    let mut sessions = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let ann = session_of(&process.check_out("ann").await.unwrap());
        process.journal.submit(&actor(), &tenant(), CheckIn { session: ann }).await.unwrap();
        sessions.push(ann);
    }
    let (mut whole, mut last) = (0, events.cursor());
    for ann in sessions {
        let WatchEvent::Started { cursor, session, known } = events.next().await else { panic!("a start") };
        assert!(session.id == ann && cursor > last);
        assert_eq!(session.device.as_str(), if known { "laptop" } else { "" }, "the audit has no devices");
        let WatchEvent::Ended { cursor: end, session, reason, .. } = events.next().await else { panic!("an end") };
        assert_eq!((session.id, session.user, reason), (ann, user("ann"), SessionEndReason::CheckedIn));
        assert!(end > cursor && end == events.cursor());
        (whole, last) = (whole + usize::from(known), end);
    }
    assert!(whole > 0 && whole < ROUNDS, "{whole} of {ROUNDS} starts were in memory");

    // The oldest part of the audit is deleted.
    store.disk.lock().unwrap().events.retain(|no, _| no.0 > last.0 / 2);
    let WatchEvent::ListAgain { cursor } = slower.next().await else { panic!("silently lost") };
    process.check_out("bob").await.unwrap();
    assert!(matches!(slower.next().await, WatchEvent::Started { session, .. } if session.user == user("bob")));
    let mut late = process.journal.watch(&tenant(), Some(cursor)).await.unwrap().unwrap();
    assert!(matches!(late.next().await, WatchEvent::Started { .. }), "the cursor of the answer is good");
    // A busy tenant's events displace no other tenant's.
    assert!(matches!(quiet.next().await, WatchEvent::Started { session, .. } if session.user == user("dan")));
}

/// The journal keeps the events for watchers and not their batches, whose rows can be as large as a caller makes them.
#[tokio::test(start_paused = true)]
async fn a_batch_is_let_go_when_it_is_durable() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    let mut events = watch(&process).await;
    process.check_out("ann").await.unwrap();
    for _ in 0..100 {
        let patch = UserPatch { family_name: Some("x".repeat(1_000).into()), ..UserPatch::default() };
        let update = UpdateUser { user: user("ann"), version: None, patch };
        process.journal.submit(&actor(), &tenant(), update).await.unwrap().unwrap();
    }
    let held = store.disk.lock().unwrap().batches.iter().filter(|batch| batch.strong_count() > 0).count();
    assert_eq!(held, 0, "batches that are still in memory");
    assert!(matches!(events.next().await, WatchEvent::Started { .. }), "and what watchers have received is there");
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_an_old_cursor_misses_nothing() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    let mut events = watch(&process).await;
    process.check_out("ann").await.unwrap();
    let bob = session_of(&process.check_out("bob").await.unwrap());
    let WatchEvent::Started { cursor, .. } = events.next().await else { panic!("a start") };
    process.journal.submit(&actor(), &tenant(), CheckIn { session: bob }).await.unwrap();
    process.journal.stop().await;
    let process = Process::start(&store).await;
    let mut resumed = process.journal.watch(&tenant(), Some(cursor)).await.unwrap().unwrap();
    let WatchEvent::Started { session, known, .. } = resumed.next().await else { panic!("bob's start") };
    assert_eq!((session.id, session.device.as_str(), known), (bob, "", false), "as the audit has it");
    let WatchEvent::Ended { session, reason, .. } = resumed.next().await else { panic!("bob's end") };
    assert_eq!((session.id, reason), (bob, SessionEndReason::CheckedIn));
    process.check_out("cid").await.unwrap();
    let WatchEvent::Started { session, known, .. } = resumed.next().await else { panic!("cid's start") };
    assert_eq!((session.user, session.device.as_str(), known), (user("cid"), "laptop", true), "and goes on");
}

/// Waiting for the next event may be given up at any moment.
#[tokio::test(start_paused = true)]
async fn a_watcher_that_stops_waiting_misses_nothing() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    let mut events = watch(&process).await;
    assert!(timeout(Duration::from_millis(1), events.next()).await.is_err());
    for name in ["ann", "bob"] {
        process.check_out(name).await.unwrap();
        let event = timeout(Duration::from_millis(1), events.next()).await;
        assert!(matches!(event, Ok(WatchEvent::Started { session, .. }) if session.user == user(name)));
        assert!(timeout(Duration::from_millis(1), events.next()).await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_tenant_and_a_stopped_process_end_the_stream() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    let mut events = watch(&process).await;
    process.journal.submit(&actor(), &tenant(), DeleteTenant).await.unwrap().unwrap();
    assert_eq!(events.next().await, WatchEvent::Closed);

    let process = Process::with_pool(&store, 2).await;
    let mut events = watch(&process).await;
    process.journal.stop().await;
    assert_eq!(events.next().await, WatchEvent::Closed);
}
