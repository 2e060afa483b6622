//! Planned changes: nodes end in order, start again, and are added and removed. No call fails, not even without a
//! second attempt; a backup that holds its snapshot of the database meanwhile changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::figures::{Bounds, Figure};
use super::nodes::Proxies;
use super::trial::{Setup, Trial};
use super::{TIMEOUT, lasts, rounds};
use crate::support::postgres::{self, cluster};
use crate::support::proxy::Network;

/// For how long a shard may not answer at a hand-over. On a busy machine one takes longer.
const HANDED_OVER: Bounds =
    Bounds { half: Duration::from_millis(300), most: Duration::from_millis(300), each: Duration::from_secs(3) };
/// Time between two probes: what is measured is short.
const FINE: Duration = Duration::from_millis(30);
/// Time for which a shard stays where it is after a move.
const STAY: Duration = Duration::from_secs(60);
/// Until a new node has its share: members must be the same for 10 s, and then shards move one at a time.
const SPREAD: Bounds =
    Bounds { half: Duration::from_secs(16), most: Duration::from_secs(20), each: Duration::from_secs(30) };

/// Ends a node by SIGTERM, and adds to the figure for how long its shards did not answer.
async fn ends(trial: &mut Trial, node: usize, handed_over: &mut Figure) {
    let shards = trial.shards().await.remove(&node).unwrap_or_default();
    trial.through_all_but(&[node]);
    trial.probes.mark();
    let ended = trial.nodes[node].terminate();
    assert!(ended.status.success() && !ended.errors.contains("panicked"), "{ended:?}");
    trial.owns_all(&[]).await;
    trial.probes.all_answer().await;
    handed_over.add(trial.outages_of(&shards));
}

/// Each node ends and starts again, one after the other.
pub async fn rolling_restart() {
    let mut trial =
        Trial::start(cluster(), Setup { name: "rolling restart", attempts: 1, every: FINE, ..Setup::default() }).await;
    let mut handed_over = Figure::new("SIGTERM: until a shard answers again");
    let backup = postgres::connect(&trial.url).await;
    backup.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM nodes").await.unwrap();
    let mut missed = BTreeMap::new();
    for _ in 0..rounds(1) {
        for node in 0..3 {
            ends(&mut trial, node, &mut handed_over).await;
            trial.restart(node).await;
            trial.works_on(50).await;
        }
        for node in 0..3 {
            missed.insert(node, heartbeats(&trial, node));
        }
    }
    backup.batch_execute("COMMIT").await.unwrap();
    trial.failed_only_for(&[]);
    handed_over.report(HANDED_OVER);
    for (node, (good, missed)) in missed {
        // One can be late because the machine is busy.
        assert!(missed <= 1 + good / 100, "node {node} missed {missed} heartbeats, {good} were good");
    }
    trial.end().await;
}

/// Good and missed heartbeats of a node.
fn heartbeats(trial: &Trial, node: usize) -> (u64, u64) {
    let value = |result: &str| trial.nodes[node].metric(&format!("usher_beats_total{{result=\"{result}\"}}"));
    (value("good"), value("missed"))
}

/// A node is added and removed. Another one reads the table of nodes later than the others meanwhile, so that it sees
/// other members than they do (C6).
pub async fn fourth_node() {
    const LATE: usize = 1;
    let proxies = Proxies { database: true, ..Proxies::default() };
    let setup = Setup { name: "fourth node", attempts: 1, every: FINE, proxies, ..Setup::default() };
    let mut trial = Trial::start(cluster(), setup).await;
    let mut spread = Figure::new("a fourth node: until it has its share");
    let mut handed_over = Figure::new("a fourth node ends: until a shard answers again");
    for round in 0..rounds(1) {
        // Shards have just moved: to all nodes, or back from the fourth one.
        lasts(STAY).await;
        let before = trial.owned().await;
        trial.nodes[LATE].database_network(Network::Delays(Duration::from_millis(150)));
        let began = Instant::now();
        let fourth = if round == 0 { trial.add().await } else { 3 };
        if round > 0 {
            trial.nodes[fourth].start().await;
        }
        trial.through_all_but(&[]);
        trial
            .becomes("the fourth node has its share", TIMEOUT, |shards| shards.get(&fourth).map_or(0, Vec::len) >= 3)
            .await;
        spread.add([began.elapsed()]);
        trial.works_on(100).await;
        trial.nodes[LATE].database_network(Network::Works);
        ends(&mut trial, fourth, &mut handed_over).await;
        trial.balanced(TIMEOUT).await;
        for (shard, (_, epoch)) in trial.owned().await {
            let claims = epoch - before[&shard].1;
            assert!(claims <= 4, "shard {shard} moved {claims} times: to the fourth node and back, and once more each");
        }
    }
    trial.failed_only_for(&[]);
    spread.report(SPREAD);
    handed_over.report(HANDED_OVER);
    trial.end().await;
}
