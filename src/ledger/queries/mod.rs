//! Queries of the ledger: what reads it and changes nothing.

pub(in crate::ledger) mod due_fetches;
pub(in crate::ledger) mod due_notifications;
pub(in crate::ledger) mod former_id;
pub mod invariants;
pub(in crate::ledger) mod license_information;
pub(in crate::ledger) mod list_notifications;
pub(in crate::ledger) mod list_sessions;
pub(in crate::ledger) mod list_tokens;
pub(in crate::ledger) mod list_users;
pub(in crate::ledger) mod query;
pub(in crate::ledger) mod totals;
