//! The tables `nodes` and `owners`. They check that nobody claims a shard over a living owner.

use uuid::Uuid;

use crate::ids::{Epoch, NodeId, OwnerToken, ShardId};
use crate::ledger::time::WallTime;
use crate::store::Owner;
use crate::store::nodes::{ClusterSnapshot, FileHashes, NodeRef, NodeRow, NodeState, OwnerRow, PROTOCOL};

#[derive(Debug)]
pub struct Tables {
    nodes: Vec<NodeRow>,
    owners: Vec<OwnerRow>,
    last_id: u128,
    /// Number of successful claims.
    pub claims: usize,
}

pub fn host_name(host: u64) -> Box<str> {
    format!("host-{host}").into()
}

impl Tables {
    pub fn new(shards: u16) -> Self {
        let owner = Owner { epoch: Epoch(0), token: OwnerToken(Uuid::nil()) };
        let row = |shard| OwnerRow { shard: ShardId(shard), owner, node: None, seq: None };
        Self { nodes: Vec::new(), owners: (0..shards).map(row).collect(), last_id: 0, claims: 0 }
    }

    fn id(&mut self) -> Uuid {
        self.last_id += 1;
        // Ids are in no order.
        Uuid::from_u128(self.last_id.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
    }

    pub fn join(&mut self, host: u64) -> NodeRef {
        let owners = &self.owners;
        let owns = |node: NodeRef| owners.iter().any(|row| row.node.is_some_and(|owner| owner.id == node.id));
        self.nodes.retain(|row| row.state != NodeState::Dead || owns(row.node));
        let node = NodeRef { id: NodeId(self.id()), generation: 1 };
        self.nodes.push(NodeRow {
            node,
            heartbeat: 0,
            state: NodeState::Joining,
            host: host_name(host),
            lock: None,
            version: "1".into(),
            protocol: PROTOCOL,
            peer: None,
            wall: WallTime(1),
            files: FileHashes::default(),
        });
        node
    }

    pub fn heartbeat(&mut self, node: NodeRef, state: NodeState) -> ClusterSnapshot {
        let row = self.nodes.iter_mut().find(|row| row.node == node);
        let alive = row.is_some();
        if let Some(row) = row {
            (row.heartbeat, row.state) = (row.heartbeat + 1, state);
        }
        ClusterSnapshot { alive, nodes: self.nodes.clone(), owners: self.owners.clone(), connection: 1 }
    }

    pub fn declare_dead(&mut self, node: NodeRef, heartbeat: i64) -> bool {
        let row = self.nodes.iter_mut().find(|row| row.node == node && row.heartbeat == heartbeat);
        row.map(|row| (row.state, row.node.generation) = (NodeState::Dead, node.generation + 1)).is_some()
    }

    pub fn leave(&mut self, node: NodeRef) {
        self.nodes.retain(|row| row.node != node);
    }

    /// Claims the shard if its owner is `over`.
    pub fn claim(&mut self, shard: ShardId, over: Owner, by: NodeRef) -> Option<Owner> {
        let token = OwnerToken(self.id());
        let row = &mut self.owners[usize::from(shard.0)];
        if row.owner != over {
            return None;
        }
        let living = |node: &NodeRef| self.nodes.iter().any(|row| row.node == *node && row.state != NodeState::Dead);
        let living = row.node.filter(|node| !over.token.0.is_nil() && *node != by).filter(living);
        assert_eq!(living, None, "{by:?} claims shard {shard} over a living owner");
        row.owner = Owner { epoch: Epoch(over.epoch.0 + 1), token };
        row.node = Some(by);
        self.claims += 1;
        Some(row.owner)
    }

    pub fn release(&mut self, shard: ShardId, owner: Owner, to: Option<NodeRef>) {
        let row = &mut self.owners[usize::from(shard.0)];
        if row.owner == owner {
            (row.owner.token, row.node) = (OwnerToken(Uuid::nil()), to);
        }
    }
}
