//! Renders answers as messages.

mod audit;
mod audit_export;
mod batch;
mod directory;
mod export;
mod license;
mod notification;
mod seat;
mod server;
mod session;
mod sync;
mod tenant;
mod texts;
mod time;
mod token;

pub(super) use audit::list_audit_events;
pub(super) use audit_export::{audit_cells, audit_json};
pub(super) use batch::{granted_batch, heartbeat_batch, revoked_batch};
pub(super) use directory::{created_user, list_organizations, list_users, organization, unblocked_user, user};
pub(super) use export::user_cells;
pub(super) use license::{
    InstallationInfo, entitlements, fetched, installed, license_information, license_request, list_licenses,
    pool_changes, request_file,
};
pub(super) use notification::{list_notifications, notification};
pub(super) use seat::{checked_in, checked_out, granted, heartbeat, revoked};
pub(super) use server::server;
pub(super) use session::{closed_session, ended, list_sessions, session};
pub(super) use sync::{count_synced, listed_twice, refused_entry, resolve_waiting, synced, unlisted};
pub(super) use tenant::{list_tenants, tenant, usage};
pub(super) use token::{list_tokens, token};
