//! Ledgers of a shard in which nothing has happened yet.

use std::time::Duration;

use usher::ids::{EventNo, TenantNo};
use usher::ledger::time::{Moment, Tick, WallTime};
use usher::ledger::{Config, Ledger, Seed};

/// A time at which a test begins.
pub const NOW: Moment = Moment::new(Tick(1_000_000), WallTime(1_750_000_000_000));

/// A configuration without notifications, and without limits of rates.
pub fn config(demo_seats: u64) -> Config {
    Config { demo_seats, channels: Default::default(), seed: Seed(7), rates: Default::default() }
}

pub fn empty(config: Config, now: Moment) -> Ledger {
    Ledger::restore(config, TenantNo(0), EventNo(0), WallTime::default(), now, Duration::ZERO).finish()
}
