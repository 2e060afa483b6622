//! I3: a shard's batches follow one another without a gap, each from the owner of its epoch, and an epoch has one
//! owner. A process that loses a shard lost it to another owner, or was declared dead. Time and numbers of a shard
//! never go back (R31).

use std::collections::{BTreeMap, BTreeSet};

use usher::ids::{Epoch, EventNo, NodeId, OwnerToken, ShardId};
use usher::ledger::change::{AuditEvent, Reason};
use usher::store::nodes::NodeRef;
use usher::store::{Batch, Owner, Position};

use super::{must, same};

#[derive(Default)]
pub struct Ownership {
    /// For each epoch, the token and the process of its owner.
    claims: BTreeMap<(ShardId, Epoch), (OwnerToken, usize)>,
    last: BTreeMap<ShardId, (Owner, Position)>,
    /// The process of each node, and (`dead`) the processes that were declared dead.
    nodes: BTreeMap<NodeId, usize>,
    dead: BTreeSet<usize>,
    /// Time of the last heartbeat of each node.
    beats: BTreeMap<NodeId, u64>,
    /// The claims that were released.
    released: BTreeSet<(ShardId, Epoch)>,
    /// Denials in the audit: only their counts may grow (R21).
    denials: BTreeMap<(ShardId, EventNo), AuditEvent>,
}

impl Ownership {
    pub fn claimed(
        &mut self,
        process: usize,
        shard: ShardId,
        owner: Owner,
        over: Option<NodeRef>,
    ) -> Result<(), String> {
        let (newest, ..) = self.newest(shard);
        let known = self.claims.get(&(shard, owner.epoch)).copied();
        if let Some(known) = known {
            return same("I3 one owner an epoch", known, (owner.token, process));
        }
        same("I3 a claim is the next epoch", owner.epoch.0, newest.0 + 1)?;
        must(over.is_none(), || format!("C5 process {process} claims shard {shard} over a node that is alive"))?;
        self.claims.insert((shard, owner.epoch), (owner.token, process));
        Ok(())
    }

    /// The newest epoch of a shard, and the process that owns it.
    fn newest(&self, shard: ShardId) -> (Epoch, Option<usize>) {
        let mut all = self.claims.range((shard, Epoch(0))..=(shard, Epoch(i64::MAX)));
        all.next_back().map_or((Epoch(0), None), |((_, epoch), (_, process))| (*epoch, Some(*process)))
    }

    /// The process that owns a shard; `None`: it was released, or never claimed.
    pub fn owner(&self, shard: ShardId) -> Option<usize> {
        let (epoch, process) = self.newest(shard);
        process.filter(|_| !self.released.contains(&(shard, epoch)))
    }

    pub fn released(&mut self, shard: ShardId, owner: Owner) {
        self.released.insert((shard, owner.epoch));
    }

    /// Checks a batch; returns the position before it.
    pub fn committed(
        &mut self,
        process: usize,
        shard: ShardId,
        owner: Owner,
        batch: &Batch,
    ) -> Result<Position, String> {
        let (_, before) = self.last.get(&shard).copied().unwrap_or((owner, Position::default()));
        let (newest, _) = self.newest(shard);
        let now = batch.position;
        same("I3 batches without a gap", now.seq.0, before.seq.0 + 1)?;
        same("I3 batches of the newest epoch", owner.epoch, newest)?;
        let claim = self.claims.get(&(shard, owner.epoch)).copied();
        same("I3 the owner of the epoch", claim, Some((owner.token, process)))?;
        let forward = before.tick <= now.tick && before.wall_high <= now.wall_high;
        must(forward, || format!("R31 time went back: {before:?} {now:?}"))?;
        let numbers = before.last_event <= now.last_event && before.last_tenant <= now.last_tenant;
        must(numbers, || format!("I3 numbers went back: {before:?} {now:?}"))?;
        self.last.insert(shard, (owner, now));
        Ok(before)
    }

    /// Returns whether the event is new. An event that is written again must be a denial with a higher count, and
    /// otherwise the same.
    pub fn appended(&mut self, shard: ShardId, event: &AuditEvent, before: Position) -> Result<bool, String> {
        let denied = matches!(event.reason, Some(Reason::Denied(_)));
        let new = event.no > before.last_event;
        if !new {
            let known = self.denials.get(&(shard, event.no));
            let grown = known.is_some_and(|known| {
                known.count <= event.count && AuditEvent { count: event.count, ..known.clone() } == *event
            });
            must(grown, || format!("I2 the audit was overwritten: {known:?} by {event:?}"))?;
        }
        if denied {
            self.denials.insert((shard, event.no), event.clone());
        }
        Ok(new)
    }

    pub fn joined(&mut self, process: usize, node: NodeId, now: u64) {
        self.nodes.insert(node, process);
        self.beats.insert(node, now);
    }

    pub fn beat(&mut self, node: NodeId, now: u64) {
        self.beats.insert(node, now);
    }

    /// Checks and records that a node was declared dead (C3); returns its process.
    pub fn declared_dead(&mut self, node: NodeId, done: bool, now: u64) -> Result<Option<usize>, String> {
        let process = self.nodes.get(&node).copied();
        if done {
            let silent = now - self.beats.get(&node).copied().unwrap_or_default();
            must(silent >= NODE_TIMEOUT, || {
                format!("C3 process {process:?} was declared dead {silent} ms after its last heartbeat")
            })?;
            self.dead.extend(process);
        }
        Ok(process)
    }

    /// Checks that a process has lost so many of these shards: to another one, or because it was declared dead.
    pub fn lost(&self, process: usize, left: &[ShardId], lost: u64) -> Result<(), String> {
        let is_lost = |shard: &&ShardId| self.dead.contains(&process) || self.owner(**shard) != Some(process);
        let most = left.iter().filter(is_lost).count() as u64;
        must(lost <= most, || format!("I3 lost to nobody: process {process}, {lost} of {left:?}"))
    }
}

/// Milliseconds without a heartbeat after which a node may be declared dead.
const NODE_TIMEOUT: u64 = 4_500;
