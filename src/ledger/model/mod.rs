//! Data of the ledger: rows and changes, commands and answers, policy, and time. No decisions.

pub mod access;
pub(in crate::ledger) mod actor;
pub(in crate::ledger) mod block_cause;
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
pub(in crate::ledger) mod plan;
pub mod policy;
pub(in crate::ledger) mod profile;
pub(in crate::ledger) mod reason;
pub(in crate::ledger) mod refusal;
pub(in crate::ledger) mod seat_access;
pub(in crate::ledger) mod tenant_state;
pub(in crate::ledger) mod tick;
pub mod time;
pub mod token;
pub(in crate::ledger) mod totals;
pub(in crate::ledger) mod wall;
pub mod wall_line;
