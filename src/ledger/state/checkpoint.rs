//! The coarse checkpoint of last activity. A heartbeat changes memory only; its activity is written after 30 seconds,
//! or with the next change of the session's row. A crash loses no more than that.

use std::collections::VecDeque;
use std::time::Duration;

use crate::ids::{SessionId, TenantNo};
use crate::ledger::model::time::Tick;

const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(30);
/// Rows that one tick of the shard writes: bounds what activity adds to one batch.
pub(in crate::ledger) const ROWS_PER_TICK: u32 = 5_000;

/// Queue of sessions whose activity is newer than their row, oldest first. Each is in it once (`Session::touched`).
#[derive(Debug, Default)]
pub(in crate::ledger) struct Queue(VecDeque<(Tick, TenantNo, SessionId)>);

impl Queue {
    pub fn push(&mut self, now: Tick, tenant: TenantNo, session: SessionId) {
        self.0.push_back((now, tenant, session));
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The next session that is due at `now`. Of those that were active by `all_until`, each is due: a checkpoint before
    /// the shard leaves.
    pub fn next(&mut self, now: Tick, all_until: Tick) -> Option<(TenantNo, SessionId)> {
        let due = |since: Tick| since <= all_until || now.since(since) >= CHECKPOINT_INTERVAL;
        let due = self.0.front().is_some_and(|(since, ..)| due(*since));
        if !due {
            return None;
        }
        self.0.pop_front().map(|(_, tenant, session)| (tenant, session))
    }
}
