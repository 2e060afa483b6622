//! Queries of the ledger: what reads it and changes nothing.

pub(in crate::ledger) mod dispatch;
pub(in crate::ledger) mod due_fetches;
pub(in crate::ledger) mod due_notifications;
pub(in crate::ledger) mod former_id;
pub(in crate::ledger) mod former_ids;
pub(in crate::ledger) mod get_entitlements;
pub(in crate::ledger) mod get_license_information;
pub(in crate::ledger) mod get_tenant;
pub(in crate::ledger) mod get_usage;
pub(in crate::ledger) mod get_user;
pub mod invariants;
pub(in crate::ledger) mod list_licenses;
pub(in crate::ledger) mod list_notifications;
pub(in crate::ledger) mod list_organizations;
pub(in crate::ledger) mod list_sessions;
pub(in crate::ledger) mod list_tenants;
pub(in crate::ledger) mod list_tokens;
pub(in crate::ledger) mod list_users;
pub(in crate::ledger) mod reading;
pub(in crate::ledger) mod shard_query;
pub(in crate::ledger) mod tenant_query;
pub(in crate::ledger) mod totals;
