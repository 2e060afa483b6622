//! The coarse checkpoint of last activity: a heartbeat changes memory only, and its activity reaches the store
//! when it is 30 seconds old, or with the next change of the session's row. A crash loses no more than that.

use std::collections::VecDeque;
use std::time::Duration;

use super::time::Tick;
use crate::ids::{SessionId, TenantNo};

const COARSE: Duration = Duration::from_secs(30);
/// Rows per tick of the shard: bounds what activity adds to one batch.
const ROWS_PER_TICK: usize = 5_000;

/// Sessions whose activity is newer than their row, oldest first. Each stands here once (`Session::touched`).
#[derive(Debug, Default)]
pub(super) struct Queue(VecDeque<(Tick, TenantNo, SessionId)>);

impl Queue {
    pub fn push(&mut self, now: Tick, tenant: TenantNo, session: SessionId) {
        self.0.push_back((now, tenant, session));
    }

    /// What is due at `now`. With `all`, everything: the last checkpoint before a stop.
    pub fn due(&mut self, now: Tick, all: bool) -> Vec<(TenantNo, SessionId)> {
        let most = if all { usize::MAX } else { ROWS_PER_TICK };
        let ready = self.0.iter().take(most).take_while(|(since, ..)| all || now.since(*since) >= COARSE).count();
        self.0.drain(..ready).map(|(_, tenant, session)| (tenant, session)).collect()
    }
}
