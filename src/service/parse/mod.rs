//! Parses messages into commands and queries. Each function returns the command, or every invalid field.

mod audit;
mod directory;
mod export;
mod license;
mod list;
mod mask;
mod notification;
mod organization;
mod policy;
mod seat;
mod server;
mod session;
mod sync;
mod tenant;
#[cfg(test)]
pub(super) mod testing;
mod token;
mod values;

pub(super) use audit::{AuditExport, AuditForm, export_audit_events, list_audit_events};
pub(super) use directory::{
    block_user, create_user, delete_user, get_user, list_users, rename_user, unblock_user, update_user,
};
pub(super) use export::{Column, Export, export_users};
pub(super) use license::{
    Wanted, create_license_request, delete_license, install_license, list_licenses, send_license_request,
};
pub(super) use notification::{list_notifications, redeliver_notification};
pub(super) use organization::{create_organization, delete_organization, list_organizations, update_organization};
pub(super) use seat::{
    Malformed, batch_grant_seats, batch_heartbeat, batch_revoke_seats, check_in, check_out, grant_seat, heartbeat,
    revoke_seat,
};
pub(super) use server::set_log_filter;
pub(super) use session::{close_idle, close_session, list_sessions, watch_sessions};
pub(super) use sync::{SyncTerms, same_sync, sync_entry, sync_terms};
pub(super) use tenant::{create_tenant, list_tenants, tenant_id, update_tenant};
pub(super) use token::{create_token, list_tokens, revoke_token};
