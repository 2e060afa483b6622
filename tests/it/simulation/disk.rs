//! What is durable: one piece for each shard, behind its fence. Everything here happens at one instant.

use std::collections::BTreeMap;

use usher::faults::{Plant, is_planted};
use usher::ids::{Epoch, EventNo, OwnerToken, Seq, ShardId};
use usher::ledger::change::AuditEvent;
use usher::store::nodes::{NewNode, NodeBeat, NodeRef, OwnerRow, Sighting};
use usher::store::{Batch, ClaimError, Claimant, CommitError, Owner, Position};
use uuid::Uuid;

use super::link::Claimed;
use super::test_data::SHARDS;
use crate::support::nodes::NodeTable;
use crate::support::rows::Rows;

pub struct Piece {
    pub owner: Owner,
    /// Which node owns it, and what the owner before left.
    pub node: Option<NodeRef>,
    former: (OwnerToken, Seq),
    pub position: Position,
    pub rows: Rows,
    pub events: BTreeMap<EventNo, AuditEvent>,
}

/// The pieces, and the processes that share them.
pub struct Disk(Vec<Piece>, NodeTable);

impl Disk {
    pub fn new() -> Self {
        let piece = || Piece {
            owner: Owner { epoch: Epoch(0), token: OwnerToken(Uuid::nil()) },
            node: None,
            former: (OwnerToken(Uuid::nil()), Seq(0)),
            position: Position::default(),
            rows: Rows::default(),
            events: BTreeMap::new(),
        };
        Self((0..SHARDS).map(|_| piece()).collect(), NodeTable::default())
    }

    pub fn piece(&self, shard: ShardId) -> &Piece {
        &self.0[usize::from(shard.0)]
    }

    fn piece_mut(&mut self, shard: ShardId) -> &mut Piece {
        &mut self.0[usize::from(shard.0)]
    }

    /// Compare-and-set on `former`; a token that is there already came with an attempt whose answer was lost.
    pub fn claim(&mut self, shard: ShardId, former: Owner, by: Claimant) -> Claimed {
        let (piece, token) = (self.piece_mut(shard), by.token);
        if piece.owner == former && former.token != token {
            piece.owner = Owner { epoch: Epoch(former.epoch.0 + 1), token };
            (piece.node, piece.former) = (by.node, (former.token, piece.position.seq));
        }
        if piece.owner.token == token {
            return Ok((piece.owner, piece.position));
        }
        let (before, last) = piece.former;
        Err(ClaimError::Taken((before == former.token || before == token).then_some(last)))
    }

    /// One transaction behind the fence. `cut`: the connection is lost in it; a store whose audit is a transaction
    /// of its own has written the rows by then.
    pub fn commit(&mut self, shard: ShardId, owner: Owner, batch: &Batch, cut: bool) -> Result<(), CommitError> {
        let apart = is_planted(Plant::AuditOutsideTransaction);
        if cut && !apart {
            return Ok(());
        }
        let piece = self.piece_mut(shard);
        let passes = piece.owner == owner && batch.position.seq.0 - 1 == piece.position.seq.0;
        if !passes && !is_planted(Plant::NoFence) {
            return Err(CommitError::Fenced);
        }
        piece.position = batch.position;
        piece.rows.apply(&batch.rows);
        if !cut {
            piece.events.extend(batch.events.iter().map(|event| (event.no, event.clone())));
        }
        Ok(())
    }

    pub fn release(&mut self, shard: ShardId, owner: Owner) {
        let piece = self.piece_mut(shard);
        if piece.owner == owner {
            (piece.former, piece.node) = ((owner.token, piece.position.seq), None);
            piece.owner.token = OwnerToken(Uuid::nil());
        }
    }

    pub fn join(&mut self, new: &NewNode) {
        let Self(pieces, nodes) = self;
        nodes.join(new, |id| pieces.iter().any(|piece| piece.node.is_some_and(|node| node.id == id)));
    }

    pub fn beat(&mut self, beat: &NodeBeat) -> Sighting {
        let alive = self.1.beat(beat);
        let owner = |(shard, piece): (ShardId, &Piece)| {
            let seq = piece.node.is_none().then_some(piece.position.seq);
            OwnerRow { shard, owner: piece.owner, node: piece.node, seq }
        };
        let owners = (0..).map(ShardId).zip(&self.0).map(owner).collect();
        Sighting { alive, nodes: self.1.0.clone(), owners, connection: 0 }
    }

    pub fn nodes(&mut self) -> &mut NodeTable {
        &mut self.1
    }
}
