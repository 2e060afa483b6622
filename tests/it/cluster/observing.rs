//! Nodes that observe others and were stalled themselves: what they did not see proves nothing (C3).

use std::time::Duration;

use tokio::time::{interval, timeout};

use super::nodes::Proxies;
use super::trial::{Setup, Trial};
use super::{TIMEOUT, lasts, rounds, seed};
use crate::model::rng::Rng;
use crate::support::postgres::{cluster, connect};
use crate::support::proxy::Network;

/// One node is frozen, and the two others do not reach the database. When they are back, its heartbeat has not moved
/// for longer than a node may be silent, and they have not watched it for that long. It wakes before they have.
pub async fn stalled_observers() {
    const SILENT: usize = 0;
    let proxies = Proxies { database: true, ..Proxies::default() };
    let setup = Setup { name: "stalled observers", proxies, deadline: Duration::from_secs(1), ..Setup::default() };
    let trial = Trial::start(cluster(), setup).await;
    let mut rng = Rng::new(seed());
    for round in 0..rounds(1) {
        let (members, owned) = (trial.members().await, trial.owned().await);
        let cut = if round % 2 == 0 { Network::Freezes } else { Network::Swallows };
        for observer in 1..3 {
            trial.nodes[observer].database_network(cut);
        }
        trial.nodes[SILENT].freeze();
        lasts(Duration::from_millis(5_500 + rng.below(2_000))).await;
        let before = heartbeats(&trial).await;
        for observer in 1..3 {
            trial.nodes[observer].database_network(Network::Works);
        }
        // Each of them reads twice, and may not have seen it silent for 4.5 s by then.
        let read_twice = async {
            let mut looks = interval(Duration::from_millis(20));
            while heartbeats(&trial).await < before + 4 {
                looks.tick().await;
            }
        };
        timeout(TIMEOUT, read_twice).await.expect("the observers are back");
        trial.nodes[SILENT].thaw();
        trial.works_on(100).await;
        trial.probes.all_answer().await;
        trial.only_these_died(&members, &[]).await;
        trial.no_shard_moved(&owned).await;
    }
    trial.end().await;
}

/// The number of heartbeats of all nodes.
async fn heartbeats(trial: &Trial) -> i64 {
    let client = connect(&trial.url).await;
    client.query_one("SELECT sum(heartbeat)::bigint FROM nodes", &[]).await.expect("the table of nodes").get(0)
}
