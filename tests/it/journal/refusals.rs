//! A store that refuses changes until it is repaired: waiting callers get that answer, memory answers within its
//! bounds, every denial reaches the audit in the end, and a stop does not wait.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use usher::journal::{JournalError, ShardState};
use usher::ledger::change::{Action, AuditEvent};
use usher::ledger::outcome::{DenialReason, HeartbeatResult};

use super::{Process, session_of, user};
use crate::support::memory::{Fault, Memory};

/// Limit for an immediate answer, on a paused clock.
const AT_ONCE: Duration = Duration::from_millis(10);

/// Lets this much time pass without any action.
async fn passes(time: Duration) {
    let _ = timeout(time, std::future::pending::<()>()).await;
}

async fn reaches(process: &Process, wanted: ShardState) {
    let mut state = process.journal.states().remove(0);
    let reached = timeout(Duration::from_secs(10), state.wait_for(|state| *state == wanted)).await;
    assert!(reached.is_ok(), "not {wanted:?} after ten seconds");
}

fn denials(store: &Memory) -> Vec<AuditEvent> {
    let disk = store.disk.lock().unwrap();
    disk.events.values().filter(|event| event.action == Action::CheckOutDenied).cloned().collect()
}

#[tokio::test(start_paused = true)]
async fn while_the_store_refuses_memory_answers_and_nobody_waits() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    let ann = session_of(&process.check_out("ann").await.unwrap());
    store.refuses(true);
    assert_eq!(process.check_out("bob").await, Err(JournalError::NotWritten), "at once, with the first refusal");
    reaches(&process, ShardState::StoreRefuses).await;
    for _ in 0..3 {
        let asked = Instant::now();
        assert!(matches!(process.heartbeat(ann).await.unwrap(), HeartbeatResult::Kept(_)));
        let full = process.check_out("cid").await.unwrap().decision.unwrap_err();
        assert_eq!(full.reason, DenialReason::SeatsExhausted, "what is denied is denied");
        assert_eq!(process.check_out("ann").await, Err(JournalError::StoreAway), "a renewal is a change");
        assert_eq!(process.usage().await, Err(JournalError::StoreAway), "it would show what is not durable");
        assert!(asked.elapsed() < AT_ONCE, "answered after {:?}", asked.elapsed());
        passes(Duration::from_secs(20)).await;
    }
    let (attempts, reloads) = counted(&process);
    assert!((5..60).contains(&attempts), "a minute of attempts, with pauses between them: {attempts}");
    assert_eq!(reloads, 0, "the batch is kept");
    assert_eq!(denials(&store), [], "nothing is written yet");

    store.refuses(false);
    reaches(&process, ShardState::Serving).await;
    assert_eq!(process.usage().await.unwrap().in_use, 2, "what was kept is made");
    process.journal.tick();
    process.check_out("ann").await.unwrap();
    let written = denials(&store);
    assert_eq!((written.len(), written[0].count, &written[0].user), (1, 3, &Some(user("cid"))), "none is forgotten");
}

fn counted(process: &Process) -> (u64, u64) {
    use std::sync::atomic::Ordering::Relaxed;
    let stats = &process.journal.stats()[0];
    (stats.refusals.load(Relaxed), stats.reloads.load(Relaxed))
}

#[tokio::test(start_paused = true)]
async fn denials_beyond_what_is_kept_are_counted_in_the_audit() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    store.refuses(true);
    assert_eq!(process.check_out("ann").await, Err(JournalError::NotWritten));
    const DENIED: u32 = 20_000;
    for no in 0..DENIED {
        let denied = process.check_out(&format!("stranger{no}")).await.unwrap().decision.unwrap_err();
        assert_eq!(denied.reason, DenialReason::UserNotFound);
    }
    store.refuses(false);
    reaches(&process, ShardState::Serving).await;
    process.check_out("bob").await.unwrap();
    let written = denials(&store);
    assert_eq!(written.iter().map(|event| event.count).sum::<u32>(), DENIED, "each is counted");
    let together: Vec<&AuditEvent> = written.iter().filter(|event| event.user.is_none()).collect();
    assert_eq!(together.len(), 1, "one event for those that were too many, and {} others", written.len() - 1);
    let dropped = process.journal.stats()[0].denials_dropped.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(u64::from(together[0].count), dropped);
}

#[tokio::test(start_paused = true)]
async fn what_a_refused_batch_drops_is_counted_at_once() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    store.fail_next(Fault::Stall);
    store.fail_next(Fault::Refuse);
    let denied = async {
        store.has_stalled().await;
        for no in 0..20_000 {
            process.check_out(&format!("stranger{no}")).await.unwrap().decision.unwrap_err();
        }
        store.hold_loads(true);
        store.resume_commits();
    };
    let (ann, ()) = tokio::join!(process.check_out("ann"), denied);
    assert!(ann.unwrap().decision.is_ok());
    let dropped = || process.journal.stats()[0].denials_dropped.load(std::sync::atomic::Ordering::Relaxed);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let at_once = dropped();
    assert!(at_once > 0, "the batch is refused, and the shard not yet loaded");
    store.hold_loads(false);
    store.resume_commits();
    process.check_out("bob").await.unwrap();
    assert_eq!(dropped(), at_once);
    assert_eq!(denials(&store).iter().map(|event| event.count).sum::<u32>(), 20_000, "each is counted");
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_a_store_that_refuses_and_says_that_something_is_left() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    store.refuses(true);
    assert_eq!(process.check_out("ann").await, Err(JournalError::NotWritten));
    passes(Duration::from_secs(60)).await;
    let asked = Instant::now();
    assert!(!process.journal.stop().await, "ann's session is not written");
    assert!(asked.elapsed() < AT_ONCE, "stopped after {:?}", asked.elapsed());

    store.refuses(false);
    let process = Process::start(&store).await;
    assert_eq!(process.usage().await.unwrap().in_use, 0);
    process.check_out("ann").await.unwrap();
    assert!(process.journal.stop().await, "everything is written");
}

#[tokio::test(start_paused = true)]
async fn a_stop_makes_one_more_attempt() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    store.refuses(true);
    assert_eq!(process.check_out("ann").await, Err(JournalError::NotWritten));
    store.refuses(false);
    assert!(process.journal.stop().await, "it is taken");
    assert_eq!(Process::start(&store).await.usage().await.unwrap().in_use, 1);
}

#[tokio::test(start_paused = true)]
async fn rows_that_are_refused_again_and_again_are_tried_with_pauses_and_lose_no_denial() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    for round in 0..6 {
        store.fail_next(Fault::Refuse);
        let stranger = format!("stranger{round}");
        let (wrong, denied) = tokio::join!(process.check_out("ann"), process.check_out(&stranger));
        assert_eq!(wrong, Err(JournalError::Failed), "round {round}");
        assert!(denied.unwrap().decision.is_err());
        reaches(&process, ShardState::Serving).await;
        // During a pause all calls are refused at once.
        while process.check_only("ann").await.is_err() {
            passes(Duration::from_millis(50)).await;
        }
    }
    assert_eq!(counted(&process).1, 6);
    process.check_out("ann").await.unwrap();
    assert_eq!(denials(&store).len(), 6, "each is in the audit");
}

#[tokio::test(start_paused = true)]
async fn a_load_that_fails_lets_nobody_wait() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    store.fail_next(Fault::Refuse);
    store.loads(false);
    assert_eq!(process.check_out("ann").await, Err(JournalError::Failed));
    reaches(&process, ShardState::StoreAway).await;
    let asked = Instant::now();
    assert_eq!(process.check_out("ann").await, Err(JournalError::StoreAway));
    assert_eq!(process.check_only("ann").await, Err(JournalError::StoreAway), "memory is not to be trusted");
    assert!(asked.elapsed() < AT_ONCE, "answered after {:?}", asked.elapsed());
    store.loads(true);
    reaches(&process, ShardState::Serving).await;
    process.check_out("ann").await.unwrap();

    store.fail_next(Fault::Refuse);
    store.loads(false);
    assert_eq!(process.check_out("bob").await, Err(JournalError::Failed));
    let asked = Instant::now();
    process.journal.stop().await;
    assert!(asked.elapsed() < Duration::from_secs(3), "stopped after {:?}", asked.elapsed());
}
