//! Data of the ledger: rows and changes, commands and answers, policy, and time. No state and no decisions.

pub mod access;
pub mod change;
pub mod command;
pub mod continuity;
pub mod former_id;
pub mod license;
pub mod license_fetch;
pub mod license_floors;
pub mod license_view;
pub(in crate::ledger) mod limit;
pub mod notification;
pub mod outcome;
pub mod policy;
pub mod time;
pub mod token;
pub(in crate::ledger) mod totals;
pub mod wall_line;
