//! Full disks and slow disks, below SQLite and below PostgreSQL.

use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::task::{JoinSet, block_in_place};

use super::trial::Trial;
use super::{finish, rounds};
use crate::support::disk::{Disk, Shim};
use crate::support::postgres::{Cluster, Setup};
use crate::support::program::Data;

/// Additional time of a sync: longer than anything else, and too short for the store to count as away.
const SLOW: Duration = Duration::from_millis(300);
/// Longer than [`usher::journal::COMMIT_STALL_TIMEOUT`].
const SLOWER: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_full_disk() {
    let mut trials = JoinSet::new();
    trials.spawn(full_sqlite());
    trials.spawn(full_postgres());
    finish(trials).await;
}

async fn full_sqlite() {
    let disk = Disk::new("96m");
    let folder = disk.path().join("data");
    let data = Data::Folder(&folder);
    let trial = Trial::start("full, SQLite", &data, &disk.environment()).await;
    for round in 0..rounds() {
        disk.fill();
        trial.lasts().await;
        disk.make_room();
        trial.over(round).await;
    }
    trial.end(&data).await;
}

async fn full_postgres() {
    let disk = Disk::new("256m");
    let environment = disk.environment();
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let setup = Setup { parent: Some(disk.path()), environment: &environment, ..Setup::default() };
    let cluster = block_in_place(|| Cluster::start_as(&setup));
    let url = cluster.database().await;
    let data = Data::Postgres(url.expose_secret());
    let trial = Trial::start("full, PostgreSQL", &data, &[]).await;
    for round in 0..rounds() {
        disk.fill();
        trial.lasts().await;
        disk.make_room();
        // PostgreSQL ends without room for its log. Its supervisor starts it again.
        block_in_place(|| cluster.server().recovers());
        trial.over(round).await;
    }
    trial.end(&data).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_slow_disk() {
    let mut trials = JoinSet::new();
    trials.spawn(slow_sqlite());
    trials.spawn(slow_postgres());
    finish(trials).await;
}

async fn slow_sqlite() {
    let shim = Shim::new();
    let folder = tempfile::tempdir().unwrap();
    let data = Data::Folder(folder.path());
    let trial = Trial::start("slow, SQLite", &data, &shim.environment()).await;
    slow(trial, &shim, &data).await;
}

async fn slow_postgres() {
    let shim = Shim::new();
    let environment = shim.environment();
    let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    let setup = Setup { fsync: true, environment: &environment, ..Setup::default() };
    let cluster = block_in_place(|| Cluster::start_as(&setup));
    let url = cluster.database().await;
    let data = Data::Postgres(url.expose_secret());
    let trial = Trial::start("slow, PostgreSQL", &data, &[]).await;
    slow(trial, &shim, &data).await;
}

async fn slow(trial: Trial, shim: &Shim, data: &Data<'_>) {
    for round in 0..rounds() {
        shim.syncs_take(SLOW);
        // Commits that are under way began before the disk was slow.
        trial.works_on(10).await;
        let failed = trial.failed();
        for _ in 0..2 {
            trial.watched.changes_slowly(SLOW).await;
        }
        trial.watched.answers_what_it_can().await;
        assert!(trial.watched.is_ready().await, "{}: slow is not away", trial.name);
        assert_eq!(trial.failed(), failed, "{}: slow is not away", trial.name);

        shim.syncs_take(SLOWER);
        trial.watched.refuses_changes().await;
        trial.watched.answers_what_it_can().await;
        shim.syncs_take(Duration::ZERO);
        trial.over(round).await;
    }
    trial.end(data).await;
}
