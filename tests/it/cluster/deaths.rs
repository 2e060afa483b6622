//! Nodes that end without a word: killed, one or all at once; and frozen ones, which wake when others have their
//! shards.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::figures::{Bounds, Figure};
use super::trial::{Setup, Trial, UNPLANNED};
use super::{TAKEN_OVER, TIMEOUT, lasts, rounds, seed};
use crate::model::rng::Rng;
use crate::support::postgres::cluster;

/// For how long a shard may not answer when its owner dies.
pub const TAKE_OVER: Bounds =
    Bounds { half: Duration::from_secs(5), most: Duration::from_millis(6_500), each: TAKEN_OVER };

/// After a stop this long others have the shards of a frozen node; after one this short nobody has declared it dead.
const LONG: Duration = Duration::from_secs(8);
const SHORT: Duration = Duration::from_secs(4);

/// Every shard of a killed node answers again.
pub async fn killed() {
    let mut trial = Trial::start(cluster(), Setup { name: "killed", ..Setup::default() }).await;
    let mut taken_over = Figure::new("SIGKILL: until a shard answers again");
    for _ in 0..rounds(2) {
        let members = trial.members().await;
        let node = trial.busiest().await;
        let shards = trial.shards().await.remove(&node).expect("it owns some");
        trial.probes.mark();
        trial.nodes[node].kill();
        // Connections to it fail at once.
        trial.through_all_but(&[node]);
        trial.owns_all(&[node]).await;
        trial.probes.all_answer().await;
        taken_over.add(trial.outages_of(&shards));
        trial.only_these_died(&members, &[node]).await;
        // A machine that dies again and again would get no shards.
        trial.nodes[node].replace();
        trial.restart(node).await;
        trial.works_on(50).await;
    }
    trial.failed_only_for(UNPLANNED);
    taken_over.report(TAKE_OVER);
    trial.end().await;
}

/// A node that was frozen says nothing of its own when it wakes up. Clients go on to send it every third call: they give
/// up soon, and what they sent is in its sockets then.
pub async fn frozen() {
    let setup = Setup { name: "frozen", deadline: Duration::from_secs(1), ..Setup::default() };
    let trial = Trial::start(cluster(), setup).await;
    let mut taken_over = Figure::new("SIGSTOP: until a shard answers again");
    let mut rng = Rng::new(seed());
    for round in 0..rounds(2) {
        let members = trial.members().await;
        let node = trial.busiest().await;
        let shards = trial.shards().await.remove(&node).expect("it owns some");
        // The first two stops are a short and a long one.
        let stop = Duration::from_millis(match round {
            0 => 2_000,
            1 => 8_000,
            _ => 500 + rng.below(29_500),
        });
        trial.probes_go_around(&[node]);
        trial.probes.mark();
        let began = Instant::now();
        trial.nodes[node].freeze();
        if stop >= LONG {
            trial.owns_all(&[node]).await;
        }
        lasts(stop.saturating_sub(began.elapsed())).await;
        trial.nodes[node].thaw();
        trial.probes_go_around(&[]);
        trial.joined(node).await;
        trial.owns_all(&[]).await;
        trial.probes.all_answer().await;
        if stop >= LONG {
            taken_over.add(trial.outages_of(&shards));
            trial.only_these_died(&members, &[node]).await;
        } else if stop <= SHORT {
            trial.only_these_died(&members, &[]).await;
        }
        let address = trial.nodes[node].address();
        trial.probes.answers_for_all(address, Duration::from_secs(5)).await;
        trial.works_on(100).await;
    }
    taken_over.report(TAKE_OVER);
    trial.end().await;
}

/// The time of the start of a process is in it.
const LOCK_FILES: Bounds =
    Bounds { half: Duration::from_secs(3), most: Duration::from_secs(4), each: Duration::from_millis(4_400) };
const NO_LOCK_FILES: Bounds =
    Bounds { half: Duration::from_secs(7), most: Duration::from_secs(8), each: Duration::from_secs(12) };

/// All nodes are killed and started at once.
pub async fn all_at_once() {
    let mut trial = Trial::start(cluster(), Setup { name: "all at once", ..Setup::default() }).await;
    for (kept, bounds, name) in [
        (true, LOCK_FILES, "all killed and started, with their lock files: until every shard answers"),
        (false, NO_LOCK_FILES, "all killed and started, without lock files: until every shard answers"),
    ] {
        let mut figure = Figure::new(name);
        for _ in 0..rounds(1) {
            for node in &mut trial.nodes {
                node.kill();
                if !kept {
                    node.forget();
                }
            }
            let began = Instant::now();
            let begun: Vec<_> = trial.nodes.iter_mut().map(|node| node.begin()).collect();
            for (node, begun) in begun.into_iter().enumerate() {
                timeout(TIMEOUT, trial.nodes[node].serves(begun)).await.expect("it serves");
            }
            trial.through_all_but(&[]);
            trial.probes.all_answer().await;
            figure.add([began.elapsed()]);
            trial.works_on(50).await;
        }
        figure.report(bounds);
    }
    trial.end().await;
}
