//! PostgreSQL itself ends, in each possible way, and comes back; or it does not, and its standby is promoted.

use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::task::{JoinSet, block_in_place};
use tokio::time::{interval, timeout};
use usher::ids::{OwnerToken, ShardId};
use usher::store::postgres::{DatabaseUrl, PostgresStore};
use usher::store::{ClaimError, Store};

use super::trial::Trial;
use super::{finish, rounds};
use crate::support::memory::installation;
use crate::support::postgres::{Cluster, Setup};
use crate::support::program::Data;
use crate::support::proxy::{Network, Proxy};
use crate::support::server::Stop;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_stops() {
    let mut trials = JoinSet::new();
    for how in [Stop::Fast, Stop::Immediate, Stop::Kill] {
        trials.spawn(stopped(how));
    }
    finish(trials).await;
}

async fn stopped(how: Stop) {
    let cluster = block_in_place(|| Cluster::start(false));
    let url = cluster.database().await;
    let data = Data::Postgres(url.expose_secret());
    let trial = Trial::start(&format!("{how:?}"), &data, &[]).await;
    for round in 0..rounds() {
        block_in_place(|| cluster.server().stop(how));
        trial.lasts().await;
        trial.watched.reads_what_is_durable().await;
        block_in_place(|| cluster.server().start());
        trial.over(round).await;
    }
    trial.end(&data).await;
}

/// A primary with synchronous replication dies for good. The standby is promoted, and has everything that was ever
/// acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_promoted_standby() {
    let primary = block_in_place(|| Cluster::start(false));
    let standby = block_in_place(|| Cluster::start_as(&Setup { primary: Some(&primary), ..Setup::default() }));
    primary.waits_for_its_standby().await;
    let url = primary.database().await;
    let proxy = Proxy::to(primary.address()).await;
    let through = url.expose_secret().replace(&primary.address().to_string(), &proxy.address.to_string());
    let trial = Trial::start("Promoted", &Data::Postgres(&through), &[]).await;

    block_in_place(|| primary.server().stop(Stop::Kill));
    proxy.set(Network::Resets);
    proxy.turn_to(standby.address());
    proxy.set(Network::Works);
    // A standby serves reads only: the store is still away.
    trial.lasts().await;
    block_in_place(|| standby.server().promote());
    trial.over(0).await;
    let there = url.expose_secret().replace(&primary.address().to_string(), &standby.address().to_string());
    trial.end(&Data::Postgres(&there)).await;
}

/// A claim is executed, its answer is lost because the standby is away, and the primary restarts: now it shows a claim
/// that its standby does not have. A process that believed it would answer for batches that a promotion loses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_that_the_standby_does_not_have() {
    let primary = block_in_place(|| Cluster::start(false));
    let standby = block_in_place(|| Cluster::start_as(&Setup { primary: Some(&primary), ..Setup::default() }));
    primary.waits_for_its_standby().await;
    let url = DatabaseUrl::parse(&primary.database().await).expect("a URL");
    let store = PostgresStore::open(&url, true).await.expect("a store");
    store.installation(installation(1)).await.expect("a shard");
    let (first, _) = store.claim(ShardId(0), None, OwnerToken::random().into()).await.expect("a claim");

    block_in_place(|| standby.server().stop(Stop::Fast));
    let token = OwnerToken::random();
    let again = || store.claim(ShardId(0), Some(first), token.into());
    assert!(matches!(again().await, Err(ClaimError::Unavailable(_))), "it is on one server of two");
    block_in_place(|| primary.server().stop(Stop::Immediate));
    block_in_place(|| primary.server().start());
    let believed = again().await;
    assert!(matches!(believed, Err(ClaimError::Unavailable(_))), "it is still on one server of two: {believed:?}");

    block_in_place(|| standby.server().start());
    let claimed = async {
        let mut looks = interval(Duration::from_millis(20));
        loop {
            if let Ok((owner, _)) = again().await {
                return owner;
            }
            looks.tick().await;
        }
    };
    let owner = timeout(Duration::from_secs(30), claimed).await.expect("now it is on both");
    assert_eq!((owner.epoch.0, owner.token), (first.epoch.0 + 1, token));
}
