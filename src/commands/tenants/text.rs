//! A tenant, for people.

use crate::commands::output::particulars::particulars;
use crate::commands::output::words;
use crate::proto::v1::{Tenant, TenantState};

/// A tenant as text, one line for each property; the policy has a command of its own.
pub fn shown(tenant: Option<&Tenant>) -> String {
    let Some(tenant) = tenant else { return String::new() };
    particulars([
        ("tenant", tenant.tenant_id.clone()),
        ("name", tenant.display_name.clone()),
        ("contact", tenant.contact.clone()),
        ("state", state(tenant).to_owned()),
        ("created", words::time_or(tenant.created_at, "")),
    ])
}

/// The state of its service.
pub fn state(tenant: &Tenant) -> &'static str {
    match tenant.state() {
        TenantState::Unspecified => "not known",
        TenantState::Active => "active",
        TenantState::Suspended => "suspended",
    }
}
