//! Queries of the ledger: what reads it and changes nothing.

pub mod invariants;
pub(in crate::ledger) mod license_information;
pub(in crate::ledger) mod list_sessions;
pub(in crate::ledger) mod list_users;
pub(in crate::ledger) mod query;
