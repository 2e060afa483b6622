//! A node whose wall clock is wrong, or is set while it serves. Leases, membership and sessions do not go by it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::trial::{Setup, Trial};
use super::{TIMEOUT, lasts, rounds};
use crate::support::clock::ClockShim;
use crate::support::postgres::cluster;

const HOUR: i64 = 3_600;
const YEARS: i64 = 10 * 365 * 24 * HOUR;
/// Longer than members must be the same until shards move.
const QUIET: Duration = Duration::from_secs(13);

/// The third node starts ten years off: it owns nothing, and forwards. Then its clock is set right, and it gets its
/// share; then the clock jumps by an hour while it owns shards, and it gives them away.
pub async fn another_clock() {
    const WRONG: usize = 2;
    let shim = ClockShim::new();
    // What wall clocks say of the ends of leases is worth nothing here; the answers to clients still are.
    let skew = Duration::from_secs(u64::try_from(2 * YEARS).unwrap());
    let setup = Setup { name: "another clock", attempts: 1, nodes: 2, skew, ..Setup::default() };
    let mut trial = Trial::start(cluster(), setup).await;
    let members = trial.members().await;
    shim.set(YEARS);
    assert_eq!(trial.add_with(&shim.settable()).await, WRONG);
    trial.joined(WRONG).await;
    trial.through_all_but(&[]);
    for off in [YEARS, -HOUR, -YEARS, HOUR].into_iter().cycle().take(usize::try_from(rounds(2)).unwrap()) {
        if off.abs() == YEARS && trial.shards().await.get(&WRONG).is_some_and(|shards| !shards.is_empty()) {
            // An owner judges licenses by such a date until its next heartbeat.
            trial.through_all_but(&[WRONG]);
            assert!(trial.nodes[WRONG].terminate().status.success());
            shim.set(off);
            trial.restart(WRONG).await;
        }
        shim.set(off);
        trial.becomes("it owns nothing", TIMEOUT, |shards| shards.get(&WRONG).is_some_and(Vec::is_empty)).await;
        lasts(QUIET).await;
        assert!(trial.shards().await[&WRONG].is_empty(), "it owns something, {off} s off");
        trial.probes.answers_for_all(trial.nodes[WRONG].address(), Duration::from_secs(5)).await;
        shim.set(0);
        let share = |shards: &BTreeMap<usize, Vec<u16>>| shards.get(&WRONG).is_some_and(|shards| shards.len() >= 4);
        trial.becomes("it has its share", TIMEOUT, share).await;
        // Steps that are too small to take its shards away.
        for step in [30, -30, 5, 0] {
            shim.set(step);
            trial.works_on(50).await;
        }
        trial.probes.all_answer().await;
    }
    trial.only_these_died(&members, &[WRONG]).await;
    trial.failed_only_for(&[]);
    trial.end().await;
}
