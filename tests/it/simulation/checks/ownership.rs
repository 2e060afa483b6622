//! I3: a shard's batches follow one another without a gap, each from the owner of its epoch, and an epoch has one
//! owner. A process that loses a shard lost it to another owner, or was declared dead. Time and numbers of a shard
//! never go back (R31).

use std::collections::{BTreeMap, BTreeSet};

use usher::ids::{Epoch, EventNo, NodeId, OwnerToken, ShardId};
use usher::ledger::change::{AuditEvent, Reason};
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
    /// Denials in the audit: only their counts may grow (R21).
    denials: BTreeMap<(ShardId, EventNo), AuditEvent>,
}

impl Ownership {
    pub fn claimed(&mut self, process: usize, shard: ShardId, owner: Owner) -> Result<(), String> {
        let (newest, ..) = self.newest(shard);
        let known = self.claims.get(&(shard, owner.epoch)).copied();
        if let Some(known) = known {
            return same("I3 one owner an epoch", known, (owner.token, process));
        }
        same("I3 a claim is the next epoch", owner.epoch.0, newest.0 + 1)?;
        self.claims.insert((shard, owner.epoch), (owner.token, process));
        Ok(())
    }

    /// The newest epoch of a shard, and the process that owns it.
    fn newest(&self, shard: ShardId) -> (Epoch, Option<usize>) {
        let mut all = self.claims.range((shard, Epoch(0))..=(shard, Epoch(i64::MAX)));
        all.next_back().map_or((Epoch(0), None), |((_, epoch), (_, process))| (*epoch, Some(*process)))
    }

    pub fn owns(&self, process: usize, shard: ShardId) -> bool {
        self.newest(shard).1 == Some(process)
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

    pub fn joined(&mut self, process: usize, node: NodeId) {
        self.nodes.insert(node, process);
    }

    /// Records that a node was declared dead; returns its process.
    pub fn declared_dead(&mut self, node: NodeId, done: bool) -> Option<usize> {
        let process = self.nodes.get(&node).copied();
        if done {
            self.dead.extend(process);
        }
        process
    }

    pub fn lost(&self, process: usize, shard: ShardId) -> Result<(), String> {
        let lost = !self.owns(process, shard) || self.dead.contains(&process);
        must(lost, || format!("I3 lost to nobody: process {process}, shard {shard}"))
    }
}
