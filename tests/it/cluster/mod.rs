//! Several nodes on one database, as real processes: each row of the table of faults in docs/PROOF.md, under a load
//! through every node. Clients record the answers that they got, and the checker of [`crate::history`] compares them
//! with the store; probes measure how long each shard did not answer.
//!
//! `USHER_CLUSTER_ROUNDS` sets how often each fault occurs, `USHER_CLUSTER_SEED` what is chosen at random, and
//! `USHER_CLUSTER_ONLY` the one row to run, by its name below. `USHER_CLUSTER_FIGURES` names a folder in which times
//! are collected over several runs ([`figures`]), and `USHER_CLUSTER_LOGS` one for the logs of all nodes.

mod clocks;
mod database;
mod deaths;
mod errands;
mod figures;
mod group;
mod links;
mod nodes;
mod observing;
mod partitions;
mod probes;
mod trial;
mod updates;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::store_faults::finish;

/// Shards of each installation.
const SHARDS: u16 = 16;
/// Limit for every wait here. Nothing takes this long.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Limit until a shard answers again after an unplanned end of its owner, in a single round on a busy machine. The
/// promise is half of them within 5 s, and 99 of 100 within 6.5 s.
const TAKEN_OVER: Duration = Duration::from_secs(8);

/// Trials of one test that run at once: they share the machine with their nodes, and measure how long these take.
const AT_ONCE: usize = 1;
/// Rows that `make test` leaves out, because they do not hold each time on a busy machine of two cores: a probe through
/// the node that is cut off from a peer is then not answered in 10 seconds. They run by their names, and in `make soak`.
const BY_NAME_ONLY: [&str; 1] = ["no_peer"];

/// A row of the table, by its name.
type Row = (&'static str, BoxFuture<'static, ()>);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn planned_changes() {
    side_by_side(vec![
        ("fourth_node", Box::pin(updates::fourth_node())),
        ("another_clock", Box::pin(clocks::another_clock())),
        ("rolling_restart", Box::pin(updates::rolling_restart())),
        ("standby_promoted", Box::pin(database::standby_promoted())),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn unplanned_ends() {
    side_by_side(vec![
        ("no_database", Box::pin(partitions::no_database())),
        ("killed", Box::pin(deaths::killed())),
        ("frozen", Box::pin(deaths::frozen())),
        ("all_at_once", Box::pin(deaths::all_at_once())),
        ("no_peer", Box::pin(partitions::no_peer())),
        ("stalled_observers", Box::pin(observing::stalled_observers())),
        ("database_restarted", Box::pin(database::restarted())),
    ])
    .await;
}

/// Runs the rows, or the one that `USHER_CLUSTER_ONLY` names.
#[allow(clippy::disallowed_methods)] // What a test runs is not a setting of the program.
async fn side_by_side(rows: Vec<Row>) {
    let only = std::env::var("USHER_CLUSTER_ONLY").ok();
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut trials = JoinSet::new();
    let soak = number("USHER_CLUSTER_ROUNDS").is_some();
    let runs = |name: &str| match only.as_deref() {
        Some(only) => only == name,
        None => soak || !BY_NAME_ONLY.contains(&name),
    };
    for (_, row) in rows.into_iter().filter(|(name, _)| runs(name)) {
        let turns = Arc::clone(&turns);
        trials.spawn(async move {
            let _turn = turns.acquire().await.expect("never closed");
            row.await;
        });
    }
    finish(trials).await;
}

/// Number of times that each fault occurs; `gate` in `make test`.
fn rounds(gate: u64) -> u64 {
    number("USHER_CLUSTER_ROUNDS").unwrap_or(gate)
}

/// The seed of everything that a test chooses at random.
fn seed() -> u64 {
    number("USHER_CLUSTER_SEED").unwrap_or(0)
}

#[allow(clippy::disallowed_methods)] // The length of a test is not a setting of the program.
fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a number")))
}

/// The length of a fault. Faults last for a time of their own, whatever the nodes do meanwhile.
async fn lasts(time: Duration) {
    let _ = tokio::time::timeout(time, std::future::pending::<()>()).await;
}
