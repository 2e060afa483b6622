//! Nodes that are cut off: from the database, from their peers, and from clients.

use std::time::Duration;

use super::TAKEN_OVER;
use super::figures::{Bounds, Figure};
use super::nodes::Proxies;
use super::rounds;
use super::trial::{Setup, Trial};
use crate::support::postgres::cluster;
use crate::support::proxy::Network;

/// Like a death, and up to a second more: a heartbeat whose answer is lost was written.
const TAKE_OVER: Bounds =
    Bounds { half: Duration::from_millis(5_500), most: Duration::from_millis(7_500), each: TAKEN_OVER };
/// Until calls find another way when a path between nodes is cut.
const AROUND: Duration = Duration::from_secs(10);

/// Clients go on to use the node that is cut off: it answers for what others own, and calls for its own shards wait
/// until another node has them (C9: a node that was declared dead still forwards).
pub async fn no_database() {
    let proxies = Proxies { database: true, ..Proxies::default() };
    let trial = Trial::start(cluster(), Setup { name: "no database", proxies, ..Setup::default() }).await;
    let mut taken_over = Figure::new("a node without the database: until a shard answers again");
    for round in 0..rounds(3) {
        let cut = [Network::Swallows, Network::SwallowsAnswers, Network::Resets][usize::try_from(round % 3).unwrap()];
        let members = trial.members().await;
        let node = trial.busiest().await;
        let shards = trial.shards().await.remove(&node).expect("it owns some");
        trial.probes.mark();
        trial.nodes[node].database_network(cut);
        trial.owns_all(&[node]).await;
        trial.probes.all_answer().await;
        taken_over.add(trial.outages_of(&shards));
        trial.probes.answers_for_all(trial.nodes[node].address(), AROUND).await;
        trial.nodes[node].database_network(Network::Works);
        trial.joined(node).await;
        trial.only_these_died(&members, &[node]).await;
        trial.works_on(100).await;
    }
    taken_over.report(TAKE_OVER);
    trial.end().await;
}

/// Two of three nodes do not reach each other. Both have the database, so that nobody dies and no shard moves; calls go
/// around by the third one.
pub async fn no_peer() {
    let proxies = Proxies { peers: true, clients: true, ..Proxies::default() };
    let trial = Trial::start(cluster(), Setup { name: "no peer", proxies, ..Setup::default() }).await;
    for round in 0..rounds(1) {
        let (members, owned) = (trial.members().await, trial.owned().await);
        let first = usize::try_from(round % 3).unwrap();
        let second = (first + 1) % 3;
        for (cut, both) in [
            (Network::Swallows, true),
            (Network::Resets, true),
            (Network::Swallows, false),
            (Network::SwallowsAnswers, false),
        ] {
            trial.nodes[second].peer_network(first, cut);
            if both {
                trial.nodes[first].peer_network(second, cut);
            }
            for node in 0..3 {
                trial.probes.answers_for_all(trial.nodes[node].address(), AROUND).await;
            }
            trial.nodes[second].peer_network(first, Network::Works);
            trial.nodes[first].peer_network(second, Network::Works);
            for node in 0..3 {
                trial.probes.answers_for_all(trial.nodes[node].address(), AROUND).await;
            }
        }
        cut_off_from_clients(&trial, first).await;
        trial.only_these_died(&members, &[]).await;
        trial.no_shard_moved(&owned).await;
        trial.works_on(100).await;
    }
    trial.end().await;
}

/// No client reaches a node. It keeps its shards, and answers for them through the others.
async fn cut_off_from_clients(trial: &Trial, node: usize) {
    trial.nodes[node].client_network(Network::Swallows);
    trial.through_all_but(&[node]);
    trial.probes.mark();
    for other in (0..3).filter(|other| *other != node) {
        trial.probes.answers_for_all(trial.nodes[other].address(), AROUND).await;
    }
    trial.works_on(100).await;
    let longest = trial.probes.outages().into_iter().max().expect("shards");
    assert!(longest < Duration::from_secs(2), "a shard did not answer for {longest:?}");
    trial.nodes[node].client_network(Network::Works);
    trial.through_all_but(&[]);
}
