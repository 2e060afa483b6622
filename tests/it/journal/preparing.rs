//! Before a release, what is in memory only is written while the shard is served, so that the release has little to
//! write while its newcomers wait (C7).

use std::time::Duration;

use usher::ids::SessionId;
use usher::journal::ShardState;
use usher::ledger::change::Change;
use usher::ledger::outcome::HeartbeatResult;
use usher::ledger::time::{Moment, WallTime};

use super::{NOON, Process, SHARD, session_of};
use crate::support::memory::Memory;

/// Two sessions that were active a minute after their start, which no row shows yet.
async fn active(store: &Memory) -> (Process, [SessionId; 2]) {
    let process = Process::with_pool(store, 9).await;
    let mut sessions = [SessionId::random(); 2];
    for (session, name) in sessions.iter_mut().zip(["ann", "bob"]) {
        *session = session_of(&process.check_out(name).await.unwrap());
    }
    process.clock.advance(Duration::from_secs(60));
    for session in sessions {
        assert!(matches!(process.heartbeat(session).await, Ok(HeartbeatResult::Kept(_))));
    }
    (process, sessions)
}

/// The last activities in the store.
fn written(store: &Memory) -> Vec<WallTime> {
    let disk = store.disk.lock().unwrap();
    let moment = Moment::new(disk.position.tick, disk.position.wall);
    let activity = |row: &Change| match row {
        Change::PutSession(row) => Some(moment.wall_of(row.last_activity)),
        _ => None,
    };
    disk.rows.iter().filter_map(activity).collect()
}

fn commits(store: &Memory) -> usize {
    store.disk.lock().unwrap().commits
}

#[tokio::test(start_paused = true)]
async fn a_release_that_was_prepared_has_nothing_left_to_write() {
    let store = Memory::default();
    let (process, sessions) = active(&store).await;
    assert_eq!(written(&store), [NOON; 2]);
    process.journal.prepare_release(SHARD).await;
    assert_eq!(written(&store), [WallTime(NOON.0 + 60_000); 2]);
    assert!(matches!(process.heartbeat(sessions[0]).await, Ok(HeartbeatResult::Kept(_))), "it serves");
    let before = commits(&store);
    process.journal.release(SHARD, None).await.expect("it was held");
    assert_eq!(commits(&store), before);
}

#[tokio::test(start_paused = true)]
async fn a_preparation_ends_while_sessions_go_on_being_active() {
    let store = Memory::default();
    let (process, sessions) = active(&store).await;
    store.commits_take(Duration::from_millis(5));
    let active = async {
        loop {
            process.clock.advance(Duration::from_millis(1));
            process.heartbeat(sessions[0]).await.expect("it serves");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        () = active => {}
        () = process.journal.prepare_release(SHARD) => {}
    }
    assert!(written(&store).iter().all(|time| time.0 >= NOON.0 + 60_000));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_accepts_nothing_holds_no_preparation_up() {
    let store = Memory::default();
    let (process, sessions) = active(&store).await;
    store.refuses(true);
    process.journal.prepare_release(SHARD).await;
    assert_eq!(written(&store), [NOON; 2]);
    store.refuses(false);
    let mut state = process.journal.states().remove(0);
    state.wait_for(|state| *state == ShardState::Serving).await.unwrap();
    assert!(matches!(process.heartbeat(sessions[0]).await, Ok(HeartbeatResult::Kept(_))));
    process.journal.stop().await;
    process.journal.prepare_release(SHARD).await; // Who does not have the shard has nothing to prepare.
}
