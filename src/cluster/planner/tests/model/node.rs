//! A node of the model: sends heartbeats, and carries out what its planner says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::tables::{Tables, host_name};
use super::{Random, SHARDS};
use crate::cluster::members::Observer;
use crate::cluster::planner::{Action, Holdings, Planner};
use crate::cluster::view::View;
use crate::ids::ShardId;
use crate::store::Owner;
use crate::store::nodes::{NodeRef, NodeState};

#[derive(Debug)]
pub struct Sim {
    host: u64,
    pub me: Option<NodeRef>,
    planner: Planner,
    observer: Observer,
    view: View,
    pub holdings: Holdings,
    /// Owner of each claimed shard.
    owned: BTreeMap<ShardId, Owner>,
    /// When loads and releases end, and to whom the shard is released then.
    loads: BTreeMap<ShardId, u64>,
    releases: BTreeMap<ShardId, (u64, Option<NodeRef>)>,
    unloadable: BTreeSet<ShardId>,
    next_heartbeat: u64,
    joined: u64,
    /// It is dead or stands still until then.
    away: u64,
}

impl Sim {
    pub fn new(host: u64, start: u64) -> Self {
        Self {
            host,
            me: None,
            planner: Planner::new(SHARDS),
            observer: Observer::default(),
            view: View::none(),
            holdings: Holdings::default(),
            owned: BTreeMap::new(),
            loads: BTreeMap::new(),
            releases: BTreeMap::new(),
            unloadable: BTreeSet::new(),
            next_heartbeat: start,
            joined: 0,
            away: start,
        }
    }

    /// The process ends, and another one starts later.
    pub fn dies(&mut self, restart: u64) {
        *self = Self::new(self.host, restart);
    }

    /// The process does not run.
    pub fn stands_still(&mut self, until: u64) {
        self.away = self.away.max(until);
    }

    pub fn drains(&mut self) {
        self.holdings.draining = true;
    }

    pub fn cannot_load(&mut self, shard: ShardId) {
        self.unloadable.insert(shard);
    }

    /// What can end without a restart ends. A node that drains goes on, and a new process follows.
    pub fn recovers(&mut self) {
        self.unloadable.clear();
    }

    pub fn leaves_alone(&self, shard: ShardId, now: u64) -> bool {
        let is_barred = self.planner.deaths.bars(&host_name(self.host), Duration::from_millis(now));
        is_barred || self.planner.failed.contains_key(&shard)
    }

    pub fn step(&mut self, now: u64, tables: &mut Tables, random: &mut Random, trouble: bool) {
        if now < self.away {
            return;
        }
        let mut changed = self.end_work(now, tables, random, trouble);
        if now >= self.next_heartbeat {
            self.next_heartbeat = now + 1_000;
            self.heartbeat(now, tables);
            changed = true;
        }
        if changed {
            self.plan(now, tables, random, trouble);
        }
        if self.holdings.draining && self.me.is_some() && self.loads.is_empty() && self.releases.is_empty() {
            self.stop_if_done(now, tables);
        }
    }

    /// A process that drains ends when it has released everything, or cannot.
    fn stop_if_done(&mut self, now: u64, tables: &mut Tables) {
        let me = self.me.expect("it has joined");
        let others = self.view.living().any(|row| row.node != me && row.state == NodeState::Active);
        if self.holdings.serving.is_empty() || !others {
            for (shard, owner) in std::mem::take(&mut self.owned) {
                tables.release(shard, owner, None);
            }
            tables.leave(me);
            self.dies(now + 3_000);
        }
    }

    fn heartbeat(&mut self, now: u64, tables: &mut Tables) {
        let time = Duration::from_millis(now);
        let me = *self.me.get_or_insert_with(|| {
            self.joined = now;
            tables.join(self.host)
        });
        let active = if now >= self.joined + 2_000 { NodeState::Active } else { NodeState::Joining };
        let snapshot = tables.heartbeat(me, if self.holdings.draining { NodeState::Draining } else { active });
        if !snapshot.alive {
            self.declared_dead();
            return;
        }
        for row in &snapshot.owners {
            if row.node != Some(me) && !self.loads.contains_key(&row.shard) {
                self.lose(row.shard);
            }
        }
        let silent = self.observer.observe(&snapshot, time, time);
        let dead = silent.nodes.into_iter().filter(|(node, _)| *node != me);
        let gone: Vec<NodeRef> =
            dead.filter(|(node, heartbeat)| tables.declare_dead(*node, *heartbeat)).map(|(node, _)| node).collect();
        self.view = View {
            heartbeats: self.view.heartbeats + 1,
            me: Some(me),
            snapshot: Arc::new(snapshot),
            gone: gone.into(),
            sent: time,
            answered: time,
            ..View::none()
        };
    }

    fn declared_dead(&mut self) {
        (0..SHARDS).map(ShardId).for_each(|shard| self.lose(shard));
        self.me = None;
        self.view = View { heartbeats: self.view.heartbeats, ..View::none() };
        self.next_heartbeat = 0;
    }

    fn lose(&mut self, shard: ShardId) {
        self.holdings.serving.remove(&shard);
        self.holdings.loading.remove(&shard);
        self.holdings.releasing.remove(&shard);
        self.owned.remove(&shard);
        self.loads.remove(&shard);
        self.releases.remove(&shard);
    }

    fn plan(&mut self, now: u64, tables: &mut Tables, random: &mut Random, trouble: bool) {
        for action in self.planner.plan(&self.view, &self.holdings, Duration::from_millis(now)) {
            match action {
                Action::Claim { shard, over } => {
                    let me = self.me.expect("a plan needs a view");
                    let claimed = tables.claim(shard, over, me);
                    // Now and then the answer is lost.
                    if let Some(owner) = claimed.filter(|_| !(trouble && random.once_in(20))) {
                        self.owned.insert(shard, owner);
                        self.holdings.loading.insert(shard);
                        self.loads.insert(shard, now + 100 + random.below(1_500));
                    }
                }
                Action::Release { shard, to } => {
                    assert!(self.holdings.serving.remove(&shard), "a shard that is served");
                    self.holdings.releasing.insert(shard);
                    self.releases.insert(shard, (now + random.below(500), Some(to)));
                }
                Action::GiveBack { shard, owner, to } => {
                    assert!(!self.owned.contains_key(&shard));
                    tables.release(shard, owner, to);
                }
            }
        }
    }

    /// Ends loads and releases. Returns whether the holdings have changed.
    fn end_work(&mut self, now: u64, tables: &mut Tables, random: &mut Random, trouble: bool) -> bool {
        let is_lost = |random: &mut Random| trouble && random.once_in(20);
        let loaded: Vec<ShardId> = self.loads.iter().filter(|(_, end)| **end <= now).map(|(shard, _)| *shard).collect();
        for shard in &loaded {
            if !self.unloadable.contains(shard) {
                self.holdings.serving.insert(*shard);
                self.holdings.loading.remove(shard);
                self.loads.remove(shard);
                continue;
            }
            self.planner.load_failed(*shard, Duration::from_millis(now));
            let owner = self.owned[shard];
            self.lose(*shard);
            if !is_lost(random) {
                tables.release(*shard, owner, None);
            }
        }
        let ended = self.releases.iter().filter(|(_, (end, _))| *end <= now);
        let released: Vec<_> = ended.map(|(shard, (_, to))| (*shard, *to)).collect();
        for (shard, to) in &released {
            let owner = self.owned[shard];
            self.lose(*shard);
            // An unknown release means released.
            if !is_lost(random) {
                tables.release(*shard, owner, *to);
            }
        }
        !loaded.is_empty() || !released.is_empty()
    }
}
