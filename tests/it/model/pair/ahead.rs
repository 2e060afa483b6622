//! A restart can find the rows loaded ahead: a load that began earlier, and has followed every batch since (C7). The
//! ledger that it gives must be as good as one from all rows.

use usher::ids::{Epoch, OwnerToken, Seq};
use usher::ledger::change::Changes;
use usher::ledger::time::Moment;
use usher::ledger::{Config, Ledger, Restore};
use usher::store::batch_codec::{decode, encode};
use usher::store::{Batch, Owner, Position};

use super::super::rows::Rows;
use super::{GRACE, Pair};

/// Steps from one batch to the next, and from a restart to the load ahead of the next one.
const BATCH: usize = 3;
const LOAD: usize = 11;

/// A load, the changes that it has not followed yet, and the number of batches.
pub struct Ahead {
    load: Restore,
    changes: Changes,
    batches: i64,
}

impl Ahead {
    fn begin(config: Config, ledger: &Ledger, rows: &Rows, now: Moment) -> Result<Self, String> {
        let (last_tenant, last_event) = (ledger.last_tenant(), ledger.last_event());
        let mut load = Ledger::restore(config, last_tenant, last_event, ledger.wall_high(), now, GRACE);
        for row in rows.all() {
            load.try_put(row)?;
        }
        Ok(Self { load, changes: Changes::default(), batches: 0 })
    }

    fn note(&mut self, changes: &Changes) {
        self.changes.rows.extend(changes.rows.iter().cloned());
    }

    /// Follows a batch of all changes so far, as bytes, as another process gets it.
    fn follow(&mut self, ledger: &Ledger) -> Result<(), String> {
        self.batches += 1;
        let (last_tenant, last_event) = (ledger.last_tenant(), ledger.last_event());
        let position = Position { seq: Seq(self.batches), last_tenant, last_event, ..Position::default() };
        let owner = Owner { epoch: Epoch(1), token: OwnerToken::random() };
        let batch = Batch::new(std::mem::take(&mut self.changes), position);
        let followed = decode(&encode(owner, &batch)).map_err(|error| error.to_string())?;
        super::same("a followed batch", &followed.rows, &batch.rows)?;
        self.load.try_follow(followed.rows, followed.last_tenant, followed.last_event)
    }
}

impl Pair {
    /// Notes the changes of a step, and follows them from time to time.
    pub(super) fn note_ahead(&mut self, changes: &Changes) {
        if let Some(ahead) = &mut self.ahead {
            ahead.note(changes);
        }
    }

    /// After a step: begins to load ahead, or follows a batch.
    pub(super) fn follow_ahead(&mut self, step: usize, now: Moment) -> Result<(), String> {
        match &mut self.ahead {
            Some(ahead) if step.is_multiple_of(BATCH) => ahead.follow(&self.ledger),
            None if step.is_multiple_of(LOAD) => {
                self.ahead = Some(Ahead::begin(self.config, &self.ledger, &self.rows, now)?);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The ledger of the rows that were loaded ahead; `None`: none were.
    pub(super) fn finish_ahead(&mut self, now: Moment) -> Result<Option<Ledger>, String> {
        let Some(mut ahead) = self.ahead.take() else { return Ok(None) };
        ahead.follow(&self.ledger)?;
        ahead.load.set_time(self.ledger.wall_high(), now);
        ahead.load.try_finish().map(Some)
    }
}
