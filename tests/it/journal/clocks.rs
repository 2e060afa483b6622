//! Time goes on from one process to the next only as far as the machine's monotonic clock vouches for it. Time that
//! passed by the wall clock alone ends no session (R24, R31), and people still read the right times.

use std::time::Duration;

use usher::clock::Clock;
use usher::journal::{Journal, LOAD_GRACE_PERIOD};
use usher::ledger::command::{PolicyPatch, UpdateTenant};
use usher::ledger::continuity::Boot;
use usher::ledger::outcome::{HeartbeatResult, SessionEndReason};
use usher::ledger::time::WallTime;

use super::{NOON, Process, actor, config, session_of, tenant};
use crate::support::memory::{Memory, installation};

const DAY: i64 = 86_400_000;
const TEN_YEARS: i64 = 3_650 * DAY;
/// Milliseconds for which no process serves.
const DOWN: u64 = 13_000;
const MACHINE: Boot = Boot { id: 7, at: 1_000 };

/// Starts another process, whose wall clock shows `wall`. `passed`: milliseconds since the former process on the same
/// machine; `None`: on another machine.
async fn restart(store: &Memory, wall: i64, passed: Option<u64>) -> Process {
    let (clock, manual) = Clock::manual(WallTime(wall));
    manual.set_machine(passed.map(|passed| Boot { at: MACHINE.at + passed, ..MACHINE }));
    let journal = Journal::start(std::sync::Arc::new(store.clone()), clock, installation(1), config()).await.unwrap();
    Process { journal: std::sync::Arc::new(journal), clock: manual }
}

/// Sends a heartbeat every nine minutes for `time`; returns the last result.
async fn lasts(process: &Process, time: Duration, session: usher::ids::SessionId) -> HeartbeatResult {
    let mut left = time;
    while !left.is_zero() {
        let step = left.min(Duration::from_secs(540));
        process.clock.advance(step);
        left -= step;
        let beat = process.heartbeat(session).await.unwrap();
        if let HeartbeatResult::Ended(_) = beat {
            return beat;
        }
    }
    process.heartbeat(session).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn r24_a_clock_that_is_wrong_while_nobody_serves_ends_no_session() {
    let wrong = [(0, 0), (-DAY, 0), (0, DAY), (0, TEN_YEARS), (-TEN_YEARS, 0), (DAY, 0), (0, -DAY), (0, -TEN_YEARS)];
    for (at_the_end, at_the_start) in wrong {
        for vouched in [true, false] {
            let what = format!("off by {at_the_end} ms, then by {at_the_start}; the same machine: {vouched}");
            let store = Memory::default();
            let process = Process::with_pool(&store, 2).await;
            process.clock.set_machine(Some(MACHINE));
            let ann = session_of(&process.check_out("ann").await.unwrap());
            process.clock.set_wall(WallTime(NOON.0 + at_the_end));
            process.check_out("bob").await.unwrap();
            process.journal.stop().await;

            let wall = NOON.0 + DOWN as i64 + at_the_start;
            let process = restart(&store, wall, vouched.then_some(DOWN)).await;
            process.journal.tick();
            assert_eq!(process.usage().await.unwrap().in_use, 2, "{what}");
            // Ten hours of service, less the time that counts without service: thirteen seconds if the machine vouches
            // for it, else one millisecond if the wall clock shows that time passed.
            let counted = if vouched { DOWN } else { u64::from(wall > NOON.0 + at_the_end) };
            let served = Duration::from_secs(36_000) - Duration::from_millis(counted);
            let kept = lasts(&process, served - Duration::from_millis(1), ann).await;
            assert!(matches!(kept, HeartbeatResult::Kept(_)), "{what}: {kept:?}");
            let ended = lasts(&process, Duration::from_millis(1), ann).await;
            assert!(
                matches!(ended, HeartbeatResult::Ended(Some((SessionEndReason::MaxDuration, _)))),
                "{what}: {ended:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn r31_times_that_people_read_stand_where_they_were() {
    for (down, passed) in [(8 * 3_600_000, None), (DOWN, None), (DOWN, Some(DOWN))] {
        let store = Memory::default();
        let process = Process::with_pool(&store, 2).await;
        process.clock.set_machine(Some(MACHINE));
        process.check_out("ann").await.unwrap();
        process.journal.stop().await;
        let mut later = NOON.0;
        let mut off = 0;
        for restarts in 1..=3_u64 {
            later += down as i64;
            let process = restart(&store, later, passed.map(|passed| passed * restarts)).await;
            // The renewal returns the same session (R16).
            let lease = process.check_out("ann").await.unwrap().decision.unwrap();
            off = off.max((lease.started.0 - NOON.0).abs());
            process.journal.stop().await;
        }
        assert_eq!(off, 0, "after {down} ms, three times");
    }
}

#[tokio::test(start_paused = true)]
async fn r24_nobody_is_idle_while_nobody_serves() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    process.clock.set_machine(Some(MACHINE));
    let policy = PolicyPatch { idle_timeout: Some(Some(Duration::from_secs(900))), ..PolicyPatch::default() };
    let update = UpdateTenant { policy, ..UpdateTenant::default() };
    process.journal.submit(&actor(), &tenant(), update).await.unwrap().unwrap();
    process.check_out("ann").await.unwrap();
    process.journal.stop().await;

    // Two hours, for which the machine vouches.
    let process = restart(&store, NOON.0 + 7_200_000, Some(7_200_000)).await;
    process.clock.advance(Duration::from_secs(600) + LOAD_GRACE_PERIOD - Duration::from_millis(1));
    process.journal.tick();
    assert_eq!(process.usage().await.unwrap().in_use, 1, "as long as a lease and the grace");
    process.clock.advance(Duration::from_millis(1));
    process.journal.tick();
    assert_eq!(process.usage().await.unwrap().in_use, 0);
}

#[tokio::test(start_paused = true)]
async fn c15_nobody_is_silent_while_nobody_serves() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    process.clock.set_machine(Some(MACHINE));
    process.check_out("ann").await.unwrap();
    process.clock.advance(Duration::from_secs(400));
    process.journal.stop().await;

    // Two hours later.
    let passed = 7_600_000;
    let process = restart(&store, NOON.0 + passed as i64, Some(passed)).await;
    let rest = Duration::from_secs(600 - 400) + LOAD_GRACE_PERIOD;
    process.clock.advance(rest - Duration::from_millis(1));
    process.journal.tick();
    assert_eq!(process.usage().await.unwrap().in_use, 1, "the rest of its lease, and the grace");
    process.clock.advance(Duration::from_millis(1));
    process.journal.tick();
    assert_eq!(process.usage().await.unwrap().in_use, 0);
}
