//! Answers that are not the outcome of a batch need a process lease (I8, C4): yes and no alike, for whatever reason the
//! store is away.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use usher::cluster::{LEASE_DURATION, Node, View};
use usher::ids::SessionId;
use usher::journal::{AuditError, AuditFilter, JournalError, ShardState};
use usher::ledger::command::{CheckIn, CheckOut, Heartbeat, ListSessions};
use usher::ledger::outcome::HeartbeatResult;

use super::{Process, SHARD, actor, goes_on, pool, session_of, tenant, user};
use crate::support::memory::{Fault, Memory};

/// Waits for the process's next sign of life, good or missed.
async fn next(views: &mut watch::Receiver<View>) {
    views.borrow_and_update();
    views.changed().await.unwrap();
}

/// Results of everything that can be answered without a batch.
async fn answers_from_memory(process: &Process, live: SessionId) -> Vec<(&'static str, Result<(), JournalError>)> {
    let (journal, actor, tenant) = (&process.journal, actor(), tenant());
    let beat = |session| Heartbeat { heartbeats: vec![(session, true)] };
    let kept = journal.submit(&actor, &tenant, beat(live)).await.map(drop);
    let unknown = journal.submit(&actor, &tenant, beat(SessionId::random())).await.map(drop);
    let device = usher::ids::DeviceId::parse("laptop").unwrap();
    let request = CheckOut {
        pool: pool(),
        user: user("bob"),
        device,
        organization: None,
        client: "".into(),
        check_only: true,
        fresh: SessionId::random(),
        alternatives: Vec::new(),
    };
    let checked = journal.submit(&actor, &tenant, request.clone()).await.map(drop);
    let denied = journal.submit(&actor, &tenant, CheckOut { check_only: false, ..request }).await.map(drop);
    let nothing = journal.submit(&actor, &tenant, CheckIn { session: SessionId::random() }).await.map(drop);
    let usage = process.usage().await.map(drop);
    let list = journal.query(&tenant, ListSessions { limit: 10, ..ListSessions::default() }).await.map(drop);
    let watch = journal.watch(&tenant, None).await.map(drop);
    let audit = journal.audit(&tenant, AuditFilter { limit: 1, ..AuditFilter::default() }).await;
    let audit = audit.map(drop).map_err(|error| match error {
        AuditError::Journal(error) => error,
        other => panic!("{other:?}"),
    });
    vec![
        ("a session kept", kept),
        ("a session that there is not", unknown),
        ("a check", checked),
        ("a denial", denied),
        ("a check-in of nothing", nothing),
        ("usage", usage),
        ("a list", list),
        ("a watch", watch),
        ("the audit", audit),
    ]
}

fn all_are(answers: &[(&str, Result<(), JournalError>)], wanted: Result<(), JournalError>, when: &str) {
    for (what, answer) in answers {
        assert_eq!(*answer, wanted, "{what}, {when}");
    }
}

async fn with_a_full_pool(store: &Memory) -> (Process, Arc<Node>, SessionId) {
    let (process, node) = Process::start_among(store).await;
    let process = process.pool(1).await;
    let ann = session_of(&process.check_out("ann").await.unwrap());
    (process, node, ann)
}

#[tokio::test(start_paused = true)]
async fn nothing_is_answered_from_memory_without_a_lease() {
    let store = Memory::default();
    let (process, node, ann) = with_a_full_pool(&store).await;
    let mut views = node.views();
    next(&mut views).await;
    all_are(&answers_from_memory(&process, ann).await, Ok(()), "with a lease");

    store.cut_off(true);
    process.clock.advance(LEASE_DURATION - Duration::from_millis(1));
    all_are(&answers_from_memory(&process, ann).await, Ok(()), "at its last moment");
    process.clock.advance(Duration::from_millis(1));
    all_are(&answers_from_memory(&process, ann).await, Err(JournalError::NoLease(SHARD)), "after it");
    // The outcome of a batch needs no lease: the fence let the batch through.
    let request = CheckIn { session: ann };
    assert!(process.journal.submit(&actor(), &tenant(), request).await.unwrap().ended_now);
    all_are(
        &answers_from_memory(&process, ann).await[..1],
        Err(JournalError::NoLease(SHARD)),
        "a batch gives no lease",
    );

    store.cut_off(false);
    next(&mut views).await;
    let list = answers_from_memory(&process, ann).await;
    assert_eq!(list[0].1, Ok(()), "a beat does");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_is_no_exception() {
    let store = Memory::default();
    let (process, _node, ann) = with_a_full_pool(&store).await;
    store.cut_off(true);
    store.fail_next(Fault::Stall);
    let (journal, clock) = (process.journal.clone(), process.clock.clone());
    let stalled = tokio::spawn(async move {
        let request = CheckIn { session: ann };
        Process { journal, clock }.journal.submit(&actor(), &tenant(), request).await
    });
    store.has_stalled().await;
    let mut state = process.journal.states().remove(0);
    state.wait_for(|state| *state == ShardState::StoreAway).await.unwrap();
    assert_eq!(process.check_out("bob").await, Err(JournalError::StoreAway), "nobody else may own the shard yet");
    process.clock.advance(LEASE_DURATION);
    let other = SessionId::random();
    assert_eq!(process.heartbeat(other).await, Err(JournalError::NoLease(SHARD)));
    assert_eq!(process.check_out("bob").await, Err(JournalError::NoLease(SHARD)), "another process may have the store");
    store.cut_off(false);
    store.resume_commits();
    assert!(stalled.await.unwrap().unwrap().ended_now);
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_was_suspended_has_no_lease_when_it_wakes() {
    let store = Memory::default();
    let (process, node, ann) = with_a_full_pool(&store).await;
    next(&mut node.views()).await;
    process.clock.suspend(LEASE_DURATION);
    all_are(&answers_from_memory(&process, ann).await, Err(JournalError::NoLease(SHARD)), "it slept");
}

#[tokio::test(start_paused = true)]
async fn a_second_process_takes_no_shard_of_the_first_one_while_it_lives() {
    let store = Memory::default();
    let (first, node, ann) = with_a_full_pool(&store).await;
    let other = store.other();
    let second = tokio::spawn(async move { Process::start_among(&other).await });
    // Eight signs of life take longer than the silence after which the second process would take over: the first one
    // lives.
    let mut views = node.views();
    for _ in 0..8 {
        next(&mut views).await;
    }
    assert!(!second.is_finished(), "it has no shard");
    assert!(matches!(first.heartbeat(ann).await.unwrap(), HeartbeatResult::Kept(_)));

    second.abort();
}

#[tokio::test(start_paused = true)]
async fn a_start_takes_over_at_once_what_was_released() {
    let store = Memory::default();
    let (first, node, ann) = with_a_full_pool(&store).await;
    first.journal.stop().await;
    node.stop(Duration::from_secs(1)).await;
    assert!(store.disk.lock().unwrap().nodes.0.is_empty(), "it left");
    let (second, _node) = Process::start_among(&store.other()).await;
    assert!(matches!(second.heartbeat(ann).await.unwrap(), HeartbeatResult::Kept(_)));
}

#[tokio::test(start_paused = true)]
async fn who_left_answers_nothing_from_memory() {
    let store = Memory::default();
    let (first, node, ann) = with_a_full_pool(&store).await;
    node.stop(Duration::from_secs(1)).await;
    assert_eq!(first.heartbeat(ann).await, Err(JournalError::NoLease(SHARD)));
    let (second, _node) = Process::start_among(&store.other()).await;
    assert!(
        matches!(second.heartbeat(ann).await.unwrap(), HeartbeatResult::Kept(_)),
        "whatever the first one owned is free"
    );
}

#[tokio::test(start_paused = true)]
async fn who_is_declared_dead_loses_its_shard_and_joins_anew() {
    let store = Memory::default();
    let (process, node, ann) = with_a_full_pool(&store).await;
    goes_on(&process.clock);
    let mut views = node.views();
    let first = views.borrow_and_update().me;
    {
        let mut disk = store.disk.lock().unwrap();
        let dead = disk.nodes.0[0].node;
        assert!(disk.nodes.declare_dead(dead, None));
    }
    let epoch = store.disk.lock().unwrap().epoch;
    views.wait_for(|view| view.me.is_some() && view.me != first).await.unwrap();
    assert_eq!(node.figures().rejoined, 1);
    assert_eq!(process.heartbeat(ann).await, Err(JournalError::NotApplied(SHARD)), "the shard of its former life");
    let mut state = process.journal.states().remove(0);
    state.wait_for(|state| *state == ShardState::Serving).await.unwrap();
    assert_eq!(store.disk.lock().unwrap().epoch, epoch + 1, "it claimed the shard again");
    assert!(matches!(process.heartbeat(ann).await.unwrap(), HeartbeatResult::Kept(_)));
}

#[tokio::test(start_paused = true)]
async fn of_two_that_start_at_once_one_gets_the_shard_and_the_other_gets_it_next() {
    let store = Memory::default();
    let starts = [store.clone(), store.other()].map(|store| {
        tokio::spawn(async move {
            let (process, node) = Process::start_in_time(&store).await;
            (process, node)
        })
    });
    let [one, other] = starts;
    let mut pair = [one, other];
    let (served, at, _) = futures_util::future::select_all(pair.iter_mut()).await;
    let (served, node) = served.unwrap();
    let mut views = node.views();
    for _ in 0..8 {
        next(&mut views).await;
    }
    assert!(!pair[1 - at].is_finished(), "the shard has one owner");
    served.journal.stop().await;
    node.stop(Duration::from_secs(1)).await;
    let [one, other] = pair;
    let (then, _node) = if at == 0 { other.await.unwrap() } else { one.await.unwrap() };
    assert!(then.check_out("ann").await.unwrap().decision.is_err(), "it decides: there is no such tenant");
}

#[tokio::test(start_paused = true)]
async fn a_former_owner_learns_what_became_of_its_last_batch() {
    let store = Memory::default();
    let (first, _node, ann) = with_a_full_pool(&store).await;
    // The answer to the batch is lost; before the journal claims the shard again, another process has claimed it.
    let claimed = store.clone();
    store.claim_before_next(move || {
        let mut disk = claimed.disk.lock().unwrap();
        disk.taken_by_another();
    });
    store.fail_next(Fault::LostAfter);
    let request = CheckIn { session: ann };
    let answer = first.journal.submit(&actor(), &tenant(), request).await;
    assert!(answer.expect("it is in the store").ended_now);
    assert_eq!(first.heartbeat(ann).await, Err(JournalError::NotApplied(SHARD)));
}
