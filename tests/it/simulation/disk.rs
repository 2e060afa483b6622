//! The durable state of each shard, behind its fence. Everything here happens at one instant.

use std::collections::BTreeMap;

use usher::ids::{Epoch, EventNo, OwnerToken, Seq, ShardId};
use usher::ledger::change::AuditEvent;
use usher::store::nodes::{ClusterSnapshot, NewNode, NodeHeartbeat, NodeRef, NodeRow, NodeState, OwnerRow};
use usher::store::{Batch, ClaimError, Claimant, CommitError, Owner, Position};
use uuid::Uuid;

use super::link::Claimed;
use super::test_data::SHARDS;
use crate::support::nodes::NodeTable;
use crate::support::rows::Rows;

pub struct ShardDisk {
    pub owner: Owner,
    /// The node that owns the shard, or for which it was released; `former` is the token and the last `seq` of the owner before.
    pub node: Option<NodeRef>,
    former: (OwnerToken, Seq),
    pub position: Position,
    pub rows: Rows,
    pub events: BTreeMap<EventNo, AuditEvent>,
}

/// The shards, and the processes that share them.
pub struct Disk(Vec<ShardDisk>, NodeTable);

impl Disk {
    pub fn new() -> Self {
        let shard_disk = || ShardDisk {
            owner: Owner { epoch: Epoch(0), token: OwnerToken(Uuid::nil()) },
            node: None,
            former: (OwnerToken(Uuid::nil()), Seq(0)),
            position: Position::default(),
            rows: Rows::default(),
            events: BTreeMap::new(),
        };
        Self((0..SHARDS).map(|_| shard_disk()).collect(), NodeTable::default())
    }

    pub fn shard_disk(&self, shard: ShardId) -> &ShardDisk {
        &self.0[usize::from(shard.0)]
    }

    fn shard_disk_mut(&mut self, shard: ShardId) -> &mut ShardDisk {
        &mut self.0[usize::from(shard.0)]
    }

    /// Compare-and-set on `former`. A shard that has the token already got it from an attempt whose answer was lost.
    pub fn claim(&mut self, shard: ShardId, former: Owner, by: Claimant) -> Claimed {
        let (shard_disk, token) = (self.shard_disk_mut(shard), by.token);
        if shard_disk.owner == former && former.token != token {
            shard_disk.owner = Owner { epoch: Epoch(former.epoch.0 + 1), token };
            // Of a shard that was released, the owner that released it is remembered on.
            if !former.token.0.is_nil() {
                shard_disk.former = (former.token, shard_disk.position.seq);
            }
            shard_disk.node = by.node;
        }
        if shard_disk.owner.token == token {
            return Ok((shard_disk.owner, shard_disk.position));
        }
        let (before, last) = shard_disk.former;
        let ours = !before.0.is_nil() && (before == former.token || before == token);
        Err(ClaimError::Taken(ours.then_some(last)))
    }

    /// One transaction behind the fence.
    pub fn commit(&mut self, shard: ShardId, owner: Owner, batch: &Batch) -> Result<(), CommitError> {
        let shard_disk = self.shard_disk_mut(shard);
        let passes = shard_disk.owner == owner && batch.position.seq.0 - 1 == shard_disk.position.seq.0;
        if !passes {
            return Err(CommitError::Fenced);
        }
        shard_disk.position = batch.position;
        shard_disk.rows.apply(&batch.rows);
        shard_disk.events.extend(batch.events.iter().map(|event| (event.no, event.clone())));
        Ok(())
    }

    pub fn release(&mut self, shard: ShardId, owner: Owner, to: Option<NodeRef>) -> bool {
        let shard_disk = self.shard_disk_mut(shard);
        let owned = shard_disk.owner == owner;
        if owned {
            (shard_disk.former, shard_disk.node) = ((owner.token, shard_disk.position.seq), to);
            shard_disk.owner.token = OwnerToken(Uuid::nil());
        }
        owned
    }

    pub fn join(&mut self, new: &NewNode) {
        let Self(shards, nodes) = self;
        nodes.join(new, |id| shards.iter().any(|shard| shard.node.is_some_and(|node| node.id == id)));
    }

    pub fn heartbeat(&mut self, heartbeat: &NodeHeartbeat) -> ClusterSnapshot {
        let alive = self.1.heartbeat(heartbeat);
        let owner = |(shard, shard_disk): (ShardId, &ShardDisk)| {
            let seq = shard_disk.node.is_none().then_some(shard_disk.position.seq);
            OwnerRow { shard, owner: shard_disk.owner, node: shard_disk.node, seq }
        };
        let owners = (0..).map(ShardId).zip(&self.0).map(owner).collect();
        ClusterSnapshot { alive, nodes: self.1.0.clone(), owners, connection: 0 }
    }

    /// The node that owns a shard, if it is alive.
    pub fn living_owner(&self, shard: ShardId) -> Option<NodeRef> {
        let shard_disk = self.shard_disk(shard);
        let owner = shard_disk.node.filter(|_| !shard_disk.owner.token.0.is_nil())?;
        let lives = |row: &NodeRow| row.node == owner && row.state != NodeState::Dead;
        self.1.0.iter().any(lives).then_some(owner)
    }

    pub fn nodes(&mut self) -> &mut NodeTable {
        &mut self.1
    }
}
