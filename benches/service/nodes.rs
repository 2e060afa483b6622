//! Cost of being one of several nodes: the same calls to a process that is alone, to one that owns every shard beside
//! another node, and to that other node, which forwards all of them.

use secrecy::ExposeSecret;

use crate::host::Host;
use crate::report::{Bounds, Figure};
use crate::rounds::{Extent, TENANTS, Target, ratios};
use crate::seed;
use crate::support::postgres::Cluster;
use crate::support::program::Data;

/// Shards of an installation of several nodes.
pub const MANY_SHARDS: u16 = 16;

/// Returns the throughput of each kind of node, divided by that of a process that is alone on a database of its own.
pub async fn figures(cluster: &Cluster, extent: Extent) -> Vec<Figure> {
    let (one, shared) = (cluster.database().await, cluster.database().await);
    let (one, shared) = (Data::Postgres(one.expose_secret()), Data::Postgres(shared.expose_secret()));
    for data in [&one, &shared] {
        seed::tenants(data, TENANTS).await;
    }
    let alone = Target::new("alone", Host::usher(&one, &[]), extent.callers).await;
    // Started first, it claims every shard, and keeps them.
    let owner = Target::new("owner", Host::usher(&shared, &["--solo"]), extent.callers).await;
    let other = Target::new("other", Host::usher(&shared, &[]), extent.callers).await;
    let heartbeats = ["heartbeat, one of two nodes ÷ alone", "heartbeat, forwarded ÷ alone"];
    let churn = ["CheckOut + CheckIn, one of two nodes ÷ alone", "CheckOut + CheckIn, forwarded ÷ alone"];

    let mut figures = ratios(vec![alone, owner, other], extent, [&heartbeats, &churn]).await;
    for figure in &mut figures {
        figure.bounds = match figure.name {
            name if name == heartbeats[0] || name == churn[0] => Bounds::AtLeast(0.97, 1.0),
            name if name == heartbeats[1] => Bounds::AtLeast(0.45, 0.6),
            _ => Bounds::None,
        };
    }
    figures
}

/// Returns the throughput with many shards, divided by that with those that a database has by default.
pub async fn shards(cluster: &Cluster, extent: Extent) -> Vec<Figure> {
    let mut targets = Vec::new();
    for (name, shards) in [("few shards", seed::DEFAULT_SHARDS), ("many shards", MANY_SHARDS)] {
        let database = cluster.database().await;
        let data = Data::Postgres(database.expose_secret());
        seed::tenants_in(&data, TENANTS, shards).await;
        targets.push(Target::new(name, Host::usher(&data, &[]), extent.callers).await);
    }
    ratios(targets, extent, [&["heartbeat, 16 shards ÷ 4"], &["CheckOut + CheckIn, 16 shards ÷ 4"]]).await
}
