//! What limits are judged by.

use crate::ledger::model::time::{Moment, WallTime};

/// What limits are judged by, beside the state of the tenant.
#[derive(Debug, Clone, Copy)]
pub(in crate::ledger) struct LimitBasis {
    pub now: Moment,
    pub license_time: WallTime,
    pub demo_seats: u64,
}
