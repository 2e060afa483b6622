//! The ledger: a pure, synchronous state machine that decides. It has no clock, no randomness, no I/O, no async code
//! and no logs. Time and fresh ids are arguments, effects are returned as data, and the same commands at the same
//! moments always have the same result.

mod commands;
mod model;
mod queries;
mod state;

pub use commands::execution::Execution;
pub use commands::kept_denials::KeptDenials;
pub use commands::tick::Ticking;
pub use model::totals::{PoolUsageEntry, Totals};
pub use model::{
    access, change, command, continuity, former_id, license, license_fetch, license_floors, license_view, notification,
    outcome, policy, time, token, wall_line,
};
pub use queries::invariants;
pub use queries::reading::Reading;
pub use state::budget::Budget;
pub use state::ledger::{Config, Ledger};
pub use state::map::Seed;
pub use state::renewed_ids::FormerIdKept;
pub use state::restore::Restore;
pub use state::{rates, search};
