//! No answer shows a change before its batch is durable, and whatever a connection does to a COMMIT, the change is
//! there once or not at all (I2).

use std::time::Duration;

use tokio::time::timeout;
use usher::ids::SessionId;
use usher::journal::{COMMIT_STALL_TIMEOUT, JournalError, LOAD_GRACE_PERIOD, ShardState};
use usher::ledger::outcome::{DenialReason, HeartbeatResult, SessionEndReason};

use super::{Process, session_of};
use crate::support::memory::{Fault, Memory};

#[tokio::test(start_paused = true)]
async fn an_answer_waits_for_its_batch() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    let before = store.disk.lock().unwrap().seq();
    store.fail_next(Fault::Stall);
    let mut asked = Box::pin(process.check_out("ann"));
    tokio::select! {
        answer = &mut asked => panic!("answered before the commit: {answer:?}"),
        () = store.has_stalled() => {}
    }
    assert!(timeout(Duration::from_millis(100), &mut asked).await.is_err(), "still nothing is durable");
    assert_eq!(store.disk.lock().unwrap().seq(), before);
    store.resume_commits();
    assert!(asked.await.unwrap().decision.is_ok());
    assert_eq!(store.disk.lock().unwrap().seq().0, before.0 + 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_before_commit_writes_the_batch_once() {
    lost_connection(Fault::LostBefore).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_after_commit_does_not_write_it_again() {
    lost_connection(Fault::LostAfter).await;
}

async fn lost_connection(fault: Fault) {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    let (commits, epoch) = {
        let disk = store.disk.lock().unwrap();
        (disk.commits, disk.epoch)
    };
    store.fail_next(fault);
    let answer = process.check_out("ann").await.unwrap();
    assert!(answer.decision.is_ok());
    let disk = store.disk.lock().unwrap();
    assert_eq!(disk.commits, commits + 1, "exactly one commit");
    assert_eq!(disk.epoch, epoch + 1, "claimed again before looking at seq");
    let started = disk.events.values().filter(|event| event.session == Some(session_of(&answer))).count();
    assert_eq!(started, 1, "one audit event (R35)");
}

#[tokio::test(start_paused = true)]
async fn heartbeats_without_number_take_no_room_in_a_batch() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    let ann = session_of(&process.check_out("ann").await.unwrap());
    let commits = store.disk.lock().unwrap().commits;
    for _ in 0..3 * super::config().batch {
        assert!(matches!(process.heartbeat(ann).await.unwrap(), HeartbeatResult::Kept(_)));
    }
    assert_eq!(store.disk.lock().unwrap().commits, commits, "memory only");
    assert!(process.check_out("bob").await.unwrap().decision.is_ok(), "and the writer goes on");
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_away_what_can_be_answered_is() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    let ann = session_of(&process.check_out("ann").await.unwrap());
    store.fail_next(Fault::Stall);
    let journal = std::sync::Arc::clone(&process.journal);
    let other = Process { journal, clock: std::sync::Arc::clone(&process.clock) };
    let waiting = tokio::spawn(async move { other.check_out("bob").await });
    store.has_stalled().await;

    let full = process.check_out("cid").await.unwrap().decision.unwrap_err();
    assert_eq!(full.reason, DenialReason::SeatsExhausted, "a denial changes nothing and does not wait (R21)");
    assert!(matches!(process.heartbeat(ann).await.unwrap(), HeartbeatResult::Kept(_)), "a heartbeat is memory only");

    // Past the stall limit the store counts as away: requests that need it are refused at once.
    let mut state = process.journal.states().remove(0);
    state.wait_for(|state| *state == ShardState::StoreAway).await.unwrap();
    assert_eq!(process.check_out("cid").await, Err(JournalError::StoreAway));
    assert_eq!(process.usage().await, Err(JournalError::StoreAway), "what it would show is not durable");
    assert!(matches!(process.heartbeat(ann).await.unwrap(), HeartbeatResult::Kept(_)));

    store.resume_commits();
    assert!(waiting.await.unwrap().unwrap().decision.is_ok(), "what was submitted is finished");
    state.wait_for(|state| *state == ShardState::Serving).await.unwrap();
    assert_eq!(process.usage().await.unwrap().in_use, 2);
    assert!(COMMIT_STALL_TIMEOUT > Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_read_does_not_show_what_is_not_durable() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    store.fail_next(Fault::Stall);
    let journal = std::sync::Arc::clone(&process.journal);
    let other = Process { journal, clock: std::sync::Arc::clone(&process.clock) };
    let taking = tokio::spawn(async move { other.check_out("ann").await });
    store.has_stalled().await;
    let mut reading = Box::pin(process.usage());
    assert!(timeout(Duration::from_millis(100), &mut reading).await.is_err(), "held back");
    store.resume_commits();
    assert_eq!(reading.await.unwrap().in_use, 1);
    assert!(taking.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_refused_batch_changes_nothing_and_the_shard_goes_on() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 1).await;
    store.fail_next(Fault::Refuse);
    assert_eq!(process.check_out("ann").await, Err(JournalError::Failed));
    assert_eq!(process.usage().await.unwrap().in_use, 0, "memory was made anew from what is durable");
    assert!(process.check_out("bob").await.unwrap().decision.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_after_an_unknown_outcome_keeps_the_shard() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 3).await;
    // The journal claims the shard again and sends the batch under the new epoch; then the store refuses the batch.
    store.fail_next(Fault::LostBefore);
    store.fail_next(Fault::Refuse);
    assert_eq!(process.check_out("ann").await, Err(JournalError::Failed));
    assert!(process.check_out("bob").await.unwrap().decision.is_ok(), "the epoch that was claimed is used");
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_deciding_answers_and_harms_nobody_else() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 3).await;
    let fresh = SessionId::random();
    let ann = session_of(&process.check_out_as("ann", fresh).await.unwrap());
    // A session id that is in use breaks an invariant of the ledger, which panics.
    assert_eq!(process.check_out_as("bob", fresh).await, Err(JournalError::Failed));
    assert!(matches!(process.heartbeat(ann).await.unwrap(), HeartbeatResult::Kept(_)), "ann's session lives on");
    assert!(process.check_out("bob").await.unwrap().decision.is_ok());
    assert_eq!(process.usage().await.unwrap().in_use, 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_is_refused_at_once_and_the_queue_recovers() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 3).await;
    store.fail_next(Fault::Stall);
    // One batch in flight, one being built, and a full queue.
    let calls: Vec<_> = (0..40)
        .map(|_| {
            let (journal, clock) = (process.journal.clone(), process.clock.clone());
            tokio::spawn(async move { Process { journal, clock }.check_out("ann").await })
        })
        .collect();
    store.has_stalled().await;
    tokio::task::yield_now().await;
    store.resume_commits();
    let (mut done, mut overloaded) = (0, 0);
    for call in calls {
        match call.await.unwrap() {
            Ok(answer) => done += usize::from(answer.decision.is_ok()),
            Err(error) => {
                assert_eq!(error, JournalError::Overloaded);
                overloaded += 1;
            }
        }
    }
    assert!(done > 0 && overloaded > 0, "{done} done, {overloaded} refused");
    assert!(process.check_out("ann").await.is_ok(), "and it recovers by itself");
    assert_eq!(process.usage().await.unwrap().in_use, 1, "one user, one seat (R16)");
}

#[tokio::test(start_paused = true)]
async fn a_stop_finishes_what_was_submitted_and_releases_the_shard() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    let ann = session_of(&process.check_out("ann").await.unwrap());
    process.clock.advance(Duration::from_secs(90));
    process.heartbeat(ann).await.unwrap();
    for _ in 0..3 {
        assert!(process.check_out("nobody").await.unwrap().decision.is_err());
    }
    process.journal.stop().await;
    assert_eq!(process.check_out("bob").await, Err(JournalError::Stopping));
    let disk = store.disk.lock().unwrap();
    assert!(disk.token.is_nil(), "released");
    let counts: Vec<u32> =
        disk.events.values().filter(|event| event.user == Some(super::user("nobody"))).map(|e| e.count).collect();
    assert_eq!(counts, [3], "identical denials are one event with a count (R21)");
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_every_session_gets_its_lease_and_a_grace() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    let ann = session_of(&process.check_out("ann").await.unwrap());
    drop(process);

    let process = Process::start(&store).await;
    let lease = Duration::from_secs(600);
    process.clock.advance(lease + LOAD_GRACE_PERIOD - Duration::from_millis(1));
    process.journal.tick();
    assert_eq!(process.usage().await.unwrap().in_use, 1, "not a moment too early (I5)");
    process.clock.advance(Duration::from_millis(1));
    process.journal.tick();
    assert_eq!(process.usage().await.unwrap().in_use, 0);
    let HeartbeatResult::Ended(Some((reason, _))) = process.heartbeat(ann).await.unwrap() else {
        panic!("revived (R24)")
    };
    assert_eq!(reason, SessionEndReason::LeaseExpired);
}
