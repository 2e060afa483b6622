//! What is durable: one piece for each shard, behind its fence. Everything here happens at one instant.

use std::collections::BTreeMap;

use usher::faults::{Plant, is_planted};
use usher::ids::{Epoch, EventNo, OwnerToken, ShardId};
use usher::ledger::change::AuditEvent;
use usher::store::{Batch, CommitError, Owner, Position};
use uuid::Uuid;

use super::cast::SHARDS;
use crate::support::rows::Rows;

pub struct Piece {
    pub owner: Owner,
    pub position: Position,
    pub rows: Rows,
    pub events: BTreeMap<EventNo, AuditEvent>,
}

pub struct Disk(Vec<Piece>);

impl Disk {
    pub fn new() -> Self {
        let piece = || Piece {
            owner: Owner { epoch: Epoch(0), token: OwnerToken(Uuid::nil()) },
            position: Position::default(),
            rows: Rows::default(),
            events: BTreeMap::new(),
        };
        Self((0..SHARDS).map(|_| piece()).collect())
    }

    pub fn piece(&self, shard: ShardId) -> &Piece {
        &self.0[usize::from(shard.0)]
    }

    fn piece_mut(&mut self, shard: ShardId) -> &mut Piece {
        &mut self.0[usize::from(shard.0)]
    }

    /// Compare-and-set on `former`; a token that is there already came with an attempt whose answer was lost.
    pub fn claim(&mut self, shard: ShardId, former: Owner, token: OwnerToken) -> Option<(Owner, Position)> {
        let piece = self.piece_mut(shard);
        if piece.owner == former && former.token != token {
            piece.owner = Owner { epoch: Epoch(former.epoch.0 + 1), token };
        }
        (piece.owner.token == token).then_some((piece.owner, piece.position))
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
            piece.owner.token = OwnerToken(Uuid::nil());
        }
    }
}
