//! Before a release: writes what is in memory only while the shard is served. Without it, a release writes the activity
//! of half a minute while newcomers wait for the next owner.

use tokio::sync::oneshot;

use super::Writer;
use crate::ids::Seq;
use crate::ledger::Ticking;
use crate::ledger::time::{Moment, Tick};

/// Passes over what is not written. Each writes what was there when it began, so the next one has less to do.
const MAX_PASSES: u32 = 4;
/// Sessions whose activity a release may have to write: they fit into one or two batches.
const FEW: usize = 200;

/// A release that is being prepared.
pub(super) struct Preparing {
    replies: Vec<oneshot::Sender<()>>,
    passes: u32,
    stage: Stage,
}

#[derive(Clone, Copy)]
enum Stage {
    /// A tick writes all activity until this time.
    Writing(Tick),
    /// All of it is in this batch, or in earlier ones.
    Committing(Seq),
}

impl Writer {
    /// Begins to prepare a release. `reply` is dropped if that is not possible.
    pub(super) fn prepare(&mut self, reply: oneshot::Sender<()>, now: Moment) {
        match &mut self.preparing {
            Some(preparing) => preparing.replies.push(reply),
            None => {
                self.preparing = Some(Preparing { replies: vec![reply], passes: 1, stage: Stage::Writing(now.tick) });
                self.tick(now);
            }
        }
    }

    /// The tick that is needed while a release is being prepared. It includes everything that a regular one does.
    pub(super) fn pass(&self) -> Option<Ticking> {
        match self.preparing.as_ref()?.stage {
            Stage::Writing(until) => Some(Ticking::all_until(until)),
            Stage::Committing(_) => None,
        }
    }

    /// Notes how far the preparation is.
    pub(super) fn prepare_on(&mut self) {
        let Some(mut preparing) = self.preparing.take() else { return };
        if self.broken || self.is_away() {
            return; // The replies are dropped: nothing can be written now.
        }
        if let Stage::Writing(_) = preparing.stage
            && self.ticking.is_none()
        {
            preparing.stage = self.next_stage(&mut preparing.passes);
        }
        if let Stage::Committing(seq) = preparing.stage
            && self.last_durable >= seq
        {
            for reply in preparing.replies {
                let _ = reply.send(());
            }
            return;
        }
        self.preparing = Some(preparing);
    }

    /// After a pass: another one, if much has happened meanwhile.
    fn next_stage(&mut self, passes: &mut u32) -> Stage {
        if *passes < MAX_PASSES && self.ledger.unwritten() > FEW {
            let now = self.now();
            *passes += 1;
            self.ticking = Some(Ticking::all_until(now.tick));
            return Stage::Writing(now.tick);
        }
        self.send_if_ready();
        let open = i64::from(!self.open_batch.is_empty());
        Stage::Committing(Seq(self.position.seq.0 + open))
    }
}
