//! PostgreSQL itself ends below all nodes, and comes back; or its standby is promoted. Nobody is declared dead for
//! that, and no shard moves.

use std::time::Duration;

use tokio::task::block_in_place;
use tokio::time::Instant;

use super::figures::{Bounds, Figure};
use super::nodes::Proxies;
use super::rounds;
use super::trial::{Setup, Trial};
use crate::support::postgres::{self, Cluster};
use crate::support::proxy::Network;
use crate::support::server::Stop;

/// From the moment at which the database answers again.
const BACK: Bounds =
    Bounds { half: Duration::from_secs(3), most: Duration::from_secs(4), each: Duration::from_secs(8) };

/// PostgreSQL stops in each way, and starts again.
pub async fn restarted() {
    let server = block_in_place(|| Cluster::start(false));
    let setup = Setup { name: "database restarted", deadline: Duration::from_secs(1), ..Setup::default() };
    let trial = Trial::start(&server, setup).await;
    let mut back = Figure::new("PostgreSQL restarted: until every shard answers");
    for round in 0..rounds(3) {
        let how = [Stop::Fast, Stop::Immediate, Stop::Kill][usize::try_from(round % 3).unwrap()];
        let (members, owned) = (trial.members().await, trial.owned().await);
        block_in_place(|| server.server().stop(how));
        block_in_place(|| server.server().start());
        let began = Instant::now();
        trial.probes.all_answer().await;
        back.add([began.elapsed()]);
        trial.only_these_died(&members, &[]).await;
        trial.no_shard_moved(&owned).await;
        trial.works_on(100).await;
    }
    back.report(BACK);
    trial.end().await;
}

/// PostgreSQL dies, and every node goes on with its standby.
pub async fn standby_promoted() {
    let primary = block_in_place(|| Cluster::start(false));
    let standby = block_in_place(|| {
        Cluster::start_as(&postgres::Setup { primary: Some(&primary), ..postgres::Setup::default() })
    });
    primary.waits_for_its_standby().await;
    let proxies = Proxies { database: true, ..Proxies::default() };
    let setup = Setup { name: "standby promoted", deadline: Duration::from_secs(1), proxies, ..Setup::default() };
    let mut trial = Trial::start(&primary, setup).await;
    let (members, owned) = (trial.members().await, trial.owned().await);
    block_in_place(|| primary.server().stop(Stop::Kill));
    for node in &trial.nodes {
        node.database_network(Network::Resets);
        node.database_is_at(standby.address());
        node.database_network(Network::Works);
    }
    block_in_place(|| standby.server().promote());
    let began = Instant::now();
    trial.url = trial.url.replace(&primary.address().to_string(), &standby.address().to_string());
    trial.probes.all_answer().await;
    let mut back = Figure::new("a standby promoted: until every shard answers");
    back.add([began.elapsed()]);
    back.report(BACK);
    trial.only_these_died(&members, &[]).await;
    trial.no_shard_moved(&owned).await;
    trial.works_on(100).await;
    trial.end().await;
}
