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

    /// The next session that is due at `now`. With `all`, every session is due: the last checkpoint before a stop.
    pub fn next(&mut self, now: Tick, all: bool) -> Option<(TenantNo, SessionId)> {
        let due = self.0.front().is_some_and(|(since, ..)| all || now.since(*since) >= CHECKPOINT_INTERVAL);
        if !due {
            return None;
        }
        self.0.pop_front().map(|(_, tenant, session)| (tenant, session))
    }
}
