//! A shard has one owner (I3): the process that claimed it last. The former owner notices that at its next batch.

use usher::journal::{EMPTY_BATCH_INTERVAL, JournalError, ShardState};

use super::{Process, SHARD};
use crate::support::memory::{Fault, Memory};

#[tokio::test(start_paused = true)]
async fn a_second_process_takes_over_and_the_first_grants_nothing_more() {
    let store = Memory::default();
    let first = Process::with_pool(&store, 1).await;
    let second = Process::start(&store.other()).await;

    assert_eq!(first.check_out("ann").await, Err(JournalError::NotApplied(SHARD)));
    let mut state = first.journal.states().remove(0);
    state.wait_for(|state| *state == ShardState::Lost).await.unwrap();
    assert_eq!(first.check_out("ann").await, Err(JournalError::NotApplied(SHARD)), "and stays so");

    assert_eq!(second.usage().await.unwrap().in_use, 0, "nothing of the first's batch was written");
    assert!(second.check_out("bob").await.unwrap().decision.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_take_over_while_the_outcome_is_unknown_loses_the_shard() {
    let store = Memory::default();
    let first = Process::with_pool(&store, 1).await;
    store.fail_next(Fault::Stall);
    let (journal, clock) = (first.journal.clone(), first.clock.clone());
    let asked = tokio::spawn(async move { Process { journal, clock }.check_out("ann").await });
    store.has_stalled().await;
    let second = Process::start(&store.other()).await;
    assert!(second.check_out("bob").await.unwrap().decision.is_ok());
    store.resume_commits();
    assert_eq!(asked.await.unwrap(), Err(JournalError::NotApplied(SHARD)));
    assert_eq!(second.usage().await.unwrap().in_use, 1, "never one seat too many (I1)");
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_finds_the_shard_lost_tells_everybody_who_waits() {
    let store = Memory::default();
    let first = Process::with_pool(&store, 2).await;
    let request = |name: &'static str| {
        let (journal, clock) = (first.journal.clone(), first.clock.clone());
        tokio::spawn(async move { Process { journal, clock }.check_out(name).await })
    };
    store.fail_next(Fault::Stall);
    let in_flight = request("ann");
    store.has_stalled().await;
    let being_built = request("bob");
    let stopped = tokio::spawn({
        let journal = first.journal.clone();
        async move { journal.stop().await }
    });
    let _second = Process::start(&store.other()).await;
    tokio::task::yield_now().await;
    store.resume_commits();
    assert_eq!(in_flight.await.unwrap(), Err(JournalError::NotApplied(SHARD)));
    assert_eq!(being_built.await.unwrap(), Err(JournalError::NotApplied(SHARD)));
    stopped.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_idle_owner_notices_by_itself() {
    let store = Memory::default();
    let first = Process::with_pool(&store, 1).await;
    let _second = Process::start(&store.other()).await;
    first.clock.advance(EMPTY_BATCH_INTERVAL);
    first.journal.tick();
    let mut state = first.journal.states().remove(0);
    state.wait_for(|state| *state == ShardState::Lost).await.unwrap();
}
