//! A small model: two to four nodes with the real planner and the real observer share the tables `nodes` and `owners`.
//! Nodes die, stand still, restart and drain; loads fail, and answers are lost. Afterward nothing happens any more.

mod node;
mod tables;

use std::collections::BTreeMap;

use self::node::Sim;
use self::tables::Tables;
use super::*;

/// Milliseconds between two steps.
const STEP: u64 = 100;
const SHARDS: u16 = 8;
/// Duration of the trouble, and of the quiet afterward: bars and pauses end in it, and every shard can come to its place.
const TROUBLE: u64 = 180_000;
const QUIET: u64 = 1_500_000;
const SEEDS: u64 = 30;
/// Time after the trouble in which the last nodes are declared dead, restart, or end.
const RECOVERY: u64 = 30_000;
/// Longest time for which a shard may be unserved in quiet times: on its way to another node, or until a read shows that
/// its successor did not take it.
const MAX_UNSERVED: u64 = 6_000;
/// The end of the quiet time, in which nothing moves any more.
const SETTLED: u64 = 200_000;

/// A pseudo-random sequence that is always the same.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// True once in `times` cases.
    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

struct Model {
    random: Random,
    tables: Tables,
    nodes: Vec<Sim>,
    now: u64,
    trouble: bool,
    /// Time at which each shard was last served, or left alone by every node.
    served: BTreeMap<ShardId, u64>,
}

impl Model {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let count = 2 + random.below(3);
        let nodes = (0..count).map(|host| Sim::new(host, random.below(1_000) / STEP * STEP)).collect();
        Self { random, tables: Tables::new(SHARDS), nodes, now: 0, trouble: true, served: BTreeMap::new() }
    }

    fn run(&mut self, until: u64) {
        while self.now < until {
            self.now += STEP;
            if self.trouble {
                self.disturb();
            }
            for node in &mut self.nodes {
                node.step(self.now, &mut self.tables, &mut self.random, self.trouble);
            }
            if !self.trouble && self.now.is_multiple_of(500) {
                self.check_service();
            }
        }
    }

    /// Something happens to one node, every ten seconds on average.
    fn disturb(&mut self) {
        if !self.random.once_in(100) {
            return;
        }
        let at = self.random.below(self.nodes.len() as u64) as usize;
        let for_ms = 500 + self.random.below(10_000);
        let node = &mut self.nodes[at];
        match self.random.below(4) {
            0 => node.dies(self.now + for_ms),
            1 => node.stands_still(self.now + for_ms),
            2 => node.drains(),
            _ => node.cannot_load(ShardId(self.random.below(u64::from(SHARDS)) as u16)),
        }
    }

    fn ends_trouble(&mut self) {
        self.trouble = false;
        self.nodes.iter_mut().for_each(Sim::recovers);
        self.served = (0..SHARDS).map(|shard| (ShardId(shard), self.now + RECOVERY)).collect();
    }

    /// In quiet times no shard is unserved for long, unless every node leaves it alone.
    fn check_service(&mut self) {
        for (shard, nodes) in self.served_by() {
            let unserved = self.now.saturating_sub(self.served[&shard]);
            assert!(unserved <= MAX_UNSERVED, "shard {shard} is served by nobody at {}: {:#?}", self.now, self.nodes);
            if !nodes.is_empty() || self.is_excused(shard) {
                self.served.insert(shard, self.now.max(self.served[&shard]));
            }
        }
    }

    /// Returns whether every node leaves the shard alone for a while: it could not load it, or its host is barred.
    fn is_excused(&self, shard: ShardId) -> bool {
        self.nodes.iter().all(|node| node.leaves_alone(shard, self.now))
    }

    /// The nodes that serve each shard.
    fn served_by(&self) -> BTreeMap<ShardId, Vec<NodeRef>> {
        let mut served: BTreeMap<_, Vec<_>> = (0..SHARDS).map(|shard| (ShardId(shard), Vec::new())).collect();
        for node in &self.nodes {
            for shard in &node.holdings.serving {
                served.get_mut(shard).unwrap().push(node.me.unwrap());
            }
        }
        served
    }
}

#[test]
fn every_shard_finds_an_owner_and_stays_there() {
    for seed in 0..SEEDS {
        let mut model = Model::new(seed);
        model.run(TROUBLE);
        model.ends_trouble();
        let claims = model.tables.claims;
        model.run(TROUBLE + QUIET - SETTLED);
        let (served, before) = (model.served_by(), model.tables.claims);
        assert!(served.values().all(|nodes| nodes.len() == 1), "seed {seed}: {served:?}");
        let loads: Vec<usize> = model.nodes.iter().map(|node| node.holdings.serving.len()).collect();
        assert!(loads.iter().max().unwrap() - loads.iter().min().unwrap() <= 1, "seed {seed}: {loads:?}");
        // Each shard may go to whoever sees it first, then to its place, and one more time because of a bar that ends.
        let moves = before - claims;
        assert!(moves <= 3 * usize::from(SHARDS), "seed {seed}: {moves} moves");

        model.run(TROUBLE + QUIET);
        assert_eq!(model.served_by(), served, "seed {seed}: shards move for no reason");
        assert_eq!(model.tables.claims, before, "seed {seed}");
    }
}

#[test]
fn in_quiet_times_a_fresh_cluster_serves_every_shard_within_seconds() {
    for seed in 0..SEEDS {
        let mut model = Model::new(seed);
        model.ends_trouble();
        model.run(RECOVERY + 300_000);
        let served = model.served_by();
        assert!(served.values().all(|nodes| nodes.len() == 1), "seed {seed}: {served:?}");
    }
}
