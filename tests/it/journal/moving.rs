//! Shards come and go while calls run (C7, C8, C13): every acknowledged change moves with its shard, a call that a
//! process no longer takes is "not applied", and only a batch whose fate nobody can tell is "unknown".

use std::sync::Arc;
use std::time::Duration;

use usher::clock::Clock;
use usher::ids::{Seq, TenantId};
use usher::journal::{Journal, JournalError, LOAD_GRACE_PERIOD, ShardState, StartError, WatchEvent};
use usher::ledger::command::{GetUsage, ListSessions};
use usher::ledger::outcome::HeartbeatResult;
use usher::ledger::policy::Policy;
use usher::ledger::time::WallTime;

use super::peer::{MANY, in_flight_and_queued, let_it_run, two_peers};
use super::{NOON, SHARD, config, session_of, tenant};
use crate::support::memory::{Fault, Memory, installation};

#[tokio::test(start_paused = true)]
async fn what_was_acknowledged_is_there_wherever_the_shard_goes() {
    let store = Memory::default();
    let (first, second) = two_peers(&store, 9).await;
    let mut sessions = Vec::new();
    // There and back again: a slot is opened anew after it was released.
    for (here, next, name) in [(&first, &second, "ann"), (&second, &first, "bob"), (&first, &second, "cid")] {
        sessions.push(session_of(&here.process.check_out(name).await.unwrap()));
        let released = here.release().await.expect("it was held");
        assert_eq!((here.state(), here.process.journal.held()), (ShardState::Elsewhere, vec![]));
        let owner = next.open().await.unwrap();
        assert_eq!((owner.epoch.0, next.state()), (released.epoch.0 + 1, ShardState::Serving));
        assert!(next.process.journal.holds(SHARD));
        for session in &sessions {
            assert!(matches!(next.process.heartbeat(*session).await.unwrap(), HeartbeatResult::Kept(_)), "{name}");
        }
        assert_eq!(here.process.heartbeat(sessions[0]).await, Err(JournalError::NotApplied(SHARD)));
    }
    assert_eq!(second.process.usage().await.unwrap().in_use, 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_memory_only_moves_too() {
    let store = Memory::default();
    let (first, second) = two_peers(&store, 1).await;
    let ann = session_of(&first.process.check_out("ann").await.unwrap());
    for _ in 0..3 {
        assert!(first.process.check_out("bob").await.unwrap().decision.is_err(), "there is one seat");
    }
    let minute = Duration::from_secs(60);
    [&first, &second].iter().for_each(|peer| peer.process.clock.advance(minute));
    first.process.heartbeat(ann).await.unwrap();
    let denials = || store.disk.lock().unwrap().events.values().map(|event| event.count).max();
    assert!(denials() < Some(3), "equal denials are counted in memory");
    first.release().await.unwrap();
    assert_eq!(denials(), Some(3));
    second.open().await.unwrap();
    let list = ListSessions { limit: 10, ..ListSessions::default() };
    let page = second.process.journal.query(&tenant(), list).await.unwrap().unwrap();
    assert_eq!(page.rows[0].last_activity, WallTime(NOON.0 + 60_000), "the last activity");
}

/// C15: a move gives a second grace to nobody whose client is gone.
#[tokio::test(start_paused = true)]
async fn a_shard_that_moves_again_and_again_ends_the_session_of_a_client_that_is_gone() {
    let store = Memory::default();
    let (first, second) = two_peers(&store, 9).await;
    first.process.check_out("ann").await.unwrap();
    let bob = session_of(&first.process.check_out("bob").await.unwrap());
    let (step, mut passed) = (Duration::from_secs(6 * 60), Duration::ZERO);
    let lease_and_grace = Policy::default().lease_ttl + LOAD_GRACE_PERIOD;
    for (here, next) in [(&first, &second), (&second, &first)].into_iter().cycle() {
        let in_use = here.process.usage().await.unwrap().in_use;
        assert_eq!(in_use, if passed < lease_and_grace { 2 } else { 1 }, "after {passed:?}");
        if in_use == 1 {
            break;
        }
        [&first, &second].iter().for_each(|peer| peer.process.clock.advance(step));
        passed += step;
        here.process.heartbeat(bob).await.unwrap();
        here.release().await.unwrap();
        next.open().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_during_a_release_is_not_applied_and_nothing_before_it_is_lost() {
    let store = Memory::default();
    let (first, second) = two_peers(&store, 9).await;
    let [in_flight, queued] = in_flight_and_queued(&store, &first).await;
    let released = first.release_now();
    let_it_run().await;
    assert!(!released.is_finished(), "a batch is on its way");
    assert_eq!(first.process.check_out("cid").await, Err(JournalError::NotApplied(SHARD)), "at once");
    store.resume_commits();
    assert!(in_flight.await.unwrap().unwrap().decision.is_ok());
    assert!(queued.await.unwrap().unwrap().decision.is_ok());
    assert!(released.await.unwrap().is_some());

    second.open().await.unwrap();
    assert_eq!(second.process.usage().await.unwrap().in_use, 2, "those that were acknowledged");
    assert!(second.process.check_out("cid").await.unwrap().decision.is_ok(), "the same call, sent to the owner");
}

#[tokio::test(start_paused = true)]
async fn who_came_first_is_decided_first() {
    let store = Memory::default();
    let (first, second) = two_peers(&store, 2).await;
    let [ann, bob] = in_flight_and_queued(&store, &first).await;
    let cid = first.check_out("cid");
    let_it_run().await;
    let released = first.release_now();
    let_it_run().await;
    store.resume_commits();
    released.await.unwrap().unwrap();
    assert!(ann.await.unwrap().unwrap().decision.is_ok());
    assert!(bob.await.unwrap().unwrap().decision.is_ok());
    assert!(cid.await.unwrap().unwrap().decision.is_err(), "there were two seats");
    second.open().await.unwrap();
    assert_eq!(second.process.usage().await.unwrap().in_use, 2);
}

#[tokio::test(start_paused = true)]
async fn a_release_waits_for_commands_of_many_steps_and_serves_meanwhile() {
    let store = Memory::default();
    let (first, second) = two_peers(&store, 9).await;
    store.commits_take(Duration::from_millis(10));
    let granted = first.grant_many();
    let_it_run().await;
    let released = first.release_now();
    let_it_run().await;
    assert!(first.process.usage().await.is_ok(), "it serves");
    assert_eq!(granted.await.unwrap().unwrap().len(), MANY);
    assert!(released.await.unwrap().is_some());
    second.open().await.unwrap();
    assert_eq!(second.granted().await, 3 + MANY as u64);
}

#[tokio::test(start_paused = true)]
async fn a_command_that_is_half_done_when_the_shard_must_go_is_of_unknown_outcome() {
    let store = Memory::default();
    let (first, second) = two_peers(&store, 9).await;
    // Slower than a release waits, and fast enough that the store does not count as away.
    store.commits_take(Duration::from_millis(1_900));
    let half_done = first.grant_many();
    let_it_run().await;
    let not_begun = first.grant_many();
    let clock = Arc::clone(&first.process.clock);
    let passing = tokio::spawn(async move {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        loop {
            second.tick().await;
            clock.advance(Duration::from_secs(1));
        }
    });
    assert!(first.release().await.is_some());
    passing.abort();
    assert_eq!(half_done.await.unwrap().unwrap_err(), JournalError::OutcomeUnknown(SHARD));
    assert_eq!(not_begun.await.unwrap().unwrap_err(), JournalError::NotApplied(SHARD), "it may be sent to the owner");
    second.open().await.unwrap();
    let granted = second.granted().await;
    assert!(granted > 3 && granted < MANY as u64, "{granted} of {MANY}: half done");
}

#[tokio::test(start_paused = true)]
async fn only_a_batch_whose_fate_nobody_can_tell_is_unknown() {
    for (fault, claims, expected) in [
        // The claim of the next owner tells that the batch is not there, or that it is.
        (Fault::LostBefore, 1, Some(JournalError::NotApplied(SHARD))),
        (Fault::LostAfter, 1, None),
        // After two claims the store does not tell any more.
        (Fault::LostBefore, 2, Some(JournalError::OutcomeUnknown(SHARD))),
        (Fault::LostAfter, 2, Some(JournalError::OutcomeUnknown(SHARD))),
    ] {
        let store = Memory::default();
        let (first, _) = two_peers(&store, 9).await;
        let disk = Arc::clone(&store.disk);
        store.claim_before_next(move || (0..claims).for_each(|_| disk.lock().unwrap().taken_by_another()));
        store.fail_next(Fault::Stall);
        let before = first.check_out("cid");
        store.has_stalled().await;
        store.fail_next(fault);
        let in_flight = first.check_out("ann");
        let_it_run().await;
        // It waits for ann's batch, and only reads.
        let journal = Arc::clone(&first.process.journal);
        let read = tokio::spawn(async move { journal.query(&tenant(), GetUsage).await.map(drop) });
        let_it_run().await;
        store.resume_commits();
        assert!(before.await.unwrap().is_ok());
        assert_eq!(in_flight.await.unwrap().err(), expected, "{fault:?}, {claims}");
        let read_failed = expected.is_some().then_some(JournalError::NotApplied(SHARD));
        assert_eq!(read.await.unwrap().err(), read_failed, "{fault:?}, {claims}");
        assert_eq!(first.process.check_out("bob").await, Err(JournalError::NotApplied(SHARD)));
        assert_eq!((first.state(), *first.process.journal.losses().borrow()), (ShardState::Elsewhere, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_behind_a_batch_of_a_lost_shard_is_not_applied() {
    let store = Memory::default();
    let (first, second) = two_peers(&store, 9).await;
    let [in_flight, queued] = in_flight_and_queued(&store, &first).await;
    second.open().await.unwrap();
    store.resume_commits();
    assert_eq!(in_flight.await.unwrap().unwrap_err(), JournalError::NotApplied(SHARD), "fenced");
    assert_eq!(queued.await.unwrap().unwrap_err(), JournalError::NotApplied(SHARD), "never sent");
    assert_eq!(second.process.usage().await.unwrap().in_use, 0);
    assert_eq!(first.release().await, None, "it is lost");
}

#[tokio::test(start_paused = true)]
async fn who_loses_its_lease_refuses_newcomers_at_once_and_tells_what_became_of_its_last_batch() {
    let store = Memory::default();
    let (first, _) = two_peers(&store, 9).await;
    store.fail_next(Fault::Stall);
    let in_flight = first.check_out("ann");
    store.has_stalled().await;
    first.lease.lose(SHARD, Duration::from_secs(1));
    let_it_run().await;
    assert_eq!(first.state(), ShardState::Elsewhere);
    assert_eq!(first.process.check_out("bob").await, Err(JournalError::NotApplied(SHARD)));
    assert!(!in_flight.is_finished());
    store.resume_commits();
    assert!(in_flight.await.unwrap().unwrap().decision.is_ok(), "nobody had claimed the shard before");
    assert_eq!(first.state(), ShardState::Elsewhere, "a batch brings nothing back");
    first.open().await.unwrap();
    assert_eq!(first.process.usage().await.unwrap().in_use, 1, "a claim does");
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_cannot_be_loaded_is_left_to_others() {
    let store = Memory::default();
    let (first, second) = two_peers(&store, 9).await;
    first.release().await.unwrap();
    store.loads(false);
    assert!(matches!(first.open().await, Err(StartError::Store(_))));
    assert!(first.owner().token.0.is_nil() && !first.process.journal.holds(SHARD), "released again");
    second.open().await.unwrap();
    assert!(second.process.check_out("ann").await.unwrap().decision.is_ok());
    second.release().await.unwrap();

    store.loads(true);
    let seq = std::mem::replace(&mut store.disk.lock().unwrap().position.seq, Seq(-1));
    assert!(matches!(first.open().await, Err(StartError::Damaged(..))));
    assert_eq!(first.state(), ShardState::Damaged, "it stays visible");
    assert_eq!(first.process.check_out("bob").await, Err(JournalError::NotApplied(SHARD)));
    assert!(first.owner().token.0.is_nil());
    store.disk.lock().unwrap().position.seq = seq;
    first.open().await.unwrap();
    assert_eq!(first.state(), ShardState::Serving);
}

#[tokio::test(start_paused = true)]
async fn a_shard_is_claimed_only_over_the_owner_that_was_seen_and_once() {
    let store = Memory::default();
    let (first, second) = two_peers(&store, 9).await;
    let seen = first.owner();
    first.release().await.unwrap();
    assert!(matches!(second.open_over(seen).await, Err(StartError::Taken(_))));
    assert_eq!((second.state(), first.release().await), (ShardState::Elsewhere, None));
    second.open().await.unwrap();
    assert!(matches!(second.open().await, Err(StartError::Held(_))));
    assert!(second.process.usage().await.is_ok(), "it still serves");
}

#[tokio::test(start_paused = true)]
async fn figures_go_on_where_a_shard_left_them() {
    let store = Memory::default();
    let (first, second) = two_peers(&store, 9).await;
    let commands = || first.process.journal.stats()[0].commands.load(std::sync::atomic::Ordering::Relaxed);
    let before = commands();
    first.release().await.unwrap();
    assert_eq!(first.process.journal.totals(5).await.0, Default::default(), "another node counts it now");
    first.process.journal.tick();
    assert_eq!(first.process.journal.queue_depth(), 0);
    second.open().await.unwrap();
    assert_eq!(second.process.journal.totals(5).await.0.tenants, 1);
    second.release().await.unwrap();
    first.open().await.unwrap();
    first.process.check_out("ann").await.unwrap();
    assert_eq!(commands(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn a_watcher_goes_on_at_the_next_owner_and_misses_nothing() {
    let store = Memory::default();
    let (first, second) = two_peers(&store, 9).await;
    let mut events = first.process.journal.watch(&tenant(), None).await.unwrap().unwrap();
    let started = |event| match event {
        WatchEvent::Started { cursor, session, .. } => (cursor, session.user.as_str().to_owned()),
        other => panic!("{other:?}"),
    };
    first.process.check_out("ann").await.unwrap();
    let (cursor, name) = started(events.next().await);
    assert_eq!(name, "ann");
    first.process.check_out("bob").await.unwrap();
    first.release().await.unwrap();
    assert_eq!(events.next().await, WatchEvent::Closed, "the shard has left");

    second.open().await.unwrap();
    second.process.check_out("cid").await.unwrap();
    let mut events = second.process.journal.watch(&tenant(), Some(cursor)).await.unwrap().unwrap();
    assert_eq!(started(events.next().await).1, "bob", "of the former owner");
    assert_eq!(started(events.next().await).1, "cid", "of this one");
}

#[tokio::test(start_paused = true)]
async fn a_stop_releases_everything_and_its_newcomers_may_ask_others() {
    let store = Memory::default();
    let (first, second) = two_peers(&store, 9).await;
    let ann = first.process.check_out("ann").await.unwrap();
    let mut events = first.process.journal.watch(&tenant(), None).await.unwrap().unwrap();
    assert!(first.process.journal.stop().await);
    assert_eq!(events.next().await, WatchEvent::Closed);
    assert_eq!(first.process.check_out("bob").await, Err(JournalError::NotApplied(SHARD)));
    assert_eq!(first.state(), ShardState::Stopped);
    assert!(matches!(first.open().await, Err(StartError::Stopping)));
    second.open().await.unwrap();
    assert!(matches!(second.process.heartbeat(session_of(&ann)).await.unwrap(), HeartbeatResult::Kept(_)));
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_holds_nothing_refuses_everything_for_others_to_answer() {
    let (clock, _) = Clock::manual(NOON);
    let journal = Journal::empty(Arc::new(Memory::default()), clock, installation(4), config());
    let acme = TenantId::parse("acme").unwrap();
    let shard = acme.shard(4);
    assert_eq!(journal.query(&acme, GetUsage).await.map(drop), Err(JournalError::NotApplied(shard)));
    assert_eq!(journal.watch(&acme, None).await.map(drop), Err(JournalError::NotApplied(shard)));
    assert_eq!((journal.shards(), journal.held().len()), (4, 0));
    assert!(journal.stop().await);
}
