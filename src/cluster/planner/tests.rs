//! The rules of the planner, as tables: at a time, what was read and held, and what follows.

mod claims;
mod clocks;
mod deaths;
mod model;

mod moves;

use std::sync::Arc;

use super::*;
use crate::cluster::placement::place;
use crate::cluster::tests::{name, node, snapshot};
use crate::store::nodes::ClusterSnapshot;

/// The planner of node `a`, and its surroundings.
struct Bench {
    me: &'static str,
    planner: Planner,
    holdings: Holdings,
    gone: Vec<NodeRef>,
    silent: Vec<ShardId>,
    connection: u64,
    heartbeats: u64,
}

impl Bench {
    fn new() -> Self {
        Self {
            me: "a",
            planner: Planner::new(16),
            holdings: Holdings::default(),
            gone: Vec::new(),
            silent: Vec::new(),
            connection: 1,
            heartbeats: 0,
        }
    }

    /// Numbers of shards that are served.
    fn serving(shards: impl IntoIterator<Item = u16>) -> Self {
        let mut bench = Self::new();
        bench.holdings.serving = shards.into_iter().map(ShardId).collect();
        bench
    }

    /// The plan after a read at this time in milliseconds, as text: `claim 0; release 1 to b; give back 2 to c`. Owners
    /// are those of shards 0, 1, …
    fn at(&mut self, millis: u64, nodes: &str, owners: &str) -> String {
        let view = self.view(millis, nodes, owners);
        self.plan(&view, millis)
    }

    fn view(&mut self, millis: u64, nodes: &str, owners: &str) -> View {
        self.heartbeats += 1;
        let time = Duration::from_millis(millis);
        let snapshot = ClusterSnapshot { connection: self.connection, ..snapshot(nodes, owners) };
        View {
            heartbeats: self.heartbeats,
            me: Some(node(self.me)),
            snapshot: Arc::new(snapshot),
            gone: self.gone.clone().into(),
            silent_shards: self.silent.clone().into(),
            sent: time,
            answered: time,
            ..View::none()
        }
    }

    fn plan(&mut self, view: &View, millis: u64) -> String {
        let actions = self.planner.plan(view, &self.holdings, Duration::from_millis(millis));
        for action in &actions {
            if let Action::Claim { shard, over } | Action::GiveBack { shard, owner: over, .. } = action {
                let row = view.snapshot.owners.iter().find(|row| row.shard == *shard).unwrap();
                assert_eq!(row.owner, *over, "exactly what was read");
            }
        }
        let texts: Vec<String> = actions.iter().map(text).collect();
        texts.join("; ")
    }
}

fn text(action: &Action) -> String {
    match action {
        Action::Claim { shard, .. } => format!("claim {shard}"),
        Action::Release { shard, to } => format!("release {shard} to {}", name(*to)),
        Action::GiveBack { shard, to: Some(to), .. } => format!("give back {shard} to {}", name(*to)),
        Action::GiveBack { shard, to: None, .. } => format!("give back {shard}"),
    }
}

/// The owners of all shards if each has the one that it should have among these nodes.
fn placed(nodes: &[&str]) -> Vec<String> {
    let members: Vec<_> = nodes.iter().map(|name| Member { node: node(name), host: (*name).into() }).collect();
    place(&members, 16).into_iter().map(name).collect()
}

/// The first shard that node `name` should own among these nodes.
fn first_of(who: &str, nodes: &[&str]) -> usize {
    placed(nodes).iter().position(|owner| owner == who).unwrap()
}

/// Rows in which one node owns every shard but these.
fn all_but(owner: &str, others: &[(usize, &str)]) -> String {
    let mut rows = vec![owner.to_owned(); 16];
    others.iter().for_each(|(shard, owner)| rows[*shard] = (*owner).to_owned());
    rows.join(" ")
}
