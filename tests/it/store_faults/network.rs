//! Faults of the network between the service and PostgreSQL, injected by a proxy.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

use super::trial::Trial;
use super::{finish, rounds};
use crate::support::postgres::{cluster, connect};
use crate::support::program::Data;
use crate::support::proxy::{Network, Proxy};

/// Faults during which the store is away.
const AWAY: [Network; 9] = [
    Network::Closes,
    Network::Resets,
    Network::Refuses,
    Network::Swallows,
    Network::SwallowsRequests,
    Network::SwallowsAnswers,
    Network::Freezes,
    Network::Tears,
    Network::ResetsBeforeCommit,
];

/// Faults during which every commit succeeds, sometimes after its outcome was unknown.
const TROUBLED: [Network; 3] =
    [Network::ResetsAtCommit, Network::ResetsAfterCommit, Network::Delays(Duration::from_millis(100))];

/// Connections that a fault hits in one round, where it hits them one after the other.
const STRUCK: u64 = 10;
/// Upper bound of claims in one round: four shards try often at first, then once a second.
const CLAIMS: i64 = 100;
/// Number of services at once: the time until each serves again is measured, and they share the machine with their
/// clients.
const AT_ONCE: usize = 6;
/// Limit for every wait here. Nothing takes this long.
const TIMEOUT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_networks_do() {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut trials = JoinSet::new();
    for (fault, away) in AWAY.map(|fault| (fault, true)).into_iter().chain(TROUBLED.map(|fault| (fault, false))) {
        let turns = Arc::clone(&turns);
        trials.spawn(async move {
            let _turn = turns.acquire().await.expect("never closed");
            trial(fault, away).await;
        });
    }
    finish(trials).await;
}

async fn trial(fault: Network, away: bool) {
    let name = format!("{fault:?}");
    let cluster = cluster();
    let url = cluster.database().await;
    let proxy = Proxy::to(cluster.address()).await;
    let direct = url.expose_secret();
    let through = direct.replace(&cluster.address().to_string(), &proxy.address.to_string());
    let trial = Trial::start(&name, &Data::Postgres(&through), &[]).await;
    for round in 0..rounds() {
        let (struck, epoch) = (proxy.struck(), epochs(direct).await);
        proxy.set(fault);
        if away {
            trial.lasts().await;
            trial.watched.reads_what_is_durable().await;
        } else {
            endures(&trial, fault, || proxy.struck() - struck).await;
        }
        if !matches!(fault, Network::Delays(_) | Network::Freezes) {
            assert!(proxy.struck() > struck, "{name}: the fault struck nothing");
        }
        proxy.set(Network::Works);
        trial.over(round).await;
        let claims = epochs(direct).await - epoch;
        assert!(claims < CLAIMS, "{name}: shards were claimed {claims} times; between attempts there is a pause");
    }
    trial.end(&Data::Postgres(direct)).await;
}

/// The number of claims of all shards so far.
async fn epochs(url: &str) -> i64 {
    let client = connect(url).await;
    client.query_one("SELECT sum(epoch)::bigint FROM shards", &[]).await.expect("an answer").get(0)
}

/// Checks that changes are acknowledged while the fault lasts.
async fn endures(trial: &Trial, fault: Network, struck: impl Fn() -> u64) {
    let name = &trial.name;
    let enough = async {
        let mut looks = interval(Duration::from_millis(20));
        while !matches!(fault, Network::Delays(_)) && struck() < STRUCK {
            looks.tick().await;
        }
    };
    assert!(timeout(TIMEOUT, enough).await.is_ok(), "{name}: only {} connections were struck", struck());
    trial.watched.answers_what_it_can().await;
    if let Network::Delays(time) = fault {
        let failed = trial.failed();
        trial.watched.changes_slowly(time * 2).await;
        trial.works_on(20).await;
        assert_eq!(trial.failed(), failed, "{name}: slow is not away");
        assert!(trial.watched.is_ready().await, "{name}: slow is not away");
    }
}
