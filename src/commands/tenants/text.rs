//! `usher tenants`

mod create;
mod delete;
mod list;
mod show;
mod suspend;
mod update;

pub use create::create;
pub use delete::delete;
pub use list::list;
pub use show::show;
pub use suspend::{resume, suspend};
pub use update::update;

use super::particulars::particulars;
use super::words;
use crate::proto::v1::{Tenant, TenantState};

/// A tenant as text, one line for each property; the policy has a command of its own.
fn shown(tenant: Option<&Tenant>) -> String {
    let Some(tenant) = tenant else { return String::new() };
    particulars([
        ("tenant", tenant.tenant_id.clone()),
        ("name", tenant.display_name.clone()),
        ("contact", tenant.contact.clone()),
        ("state", state(tenant).to_owned()),
        ("created", words::time_or(tenant.created_at, "")),
    ])
}

fn state(tenant: &Tenant) -> &'static str {
    match tenant.state() {
        TenantState::Unspecified => "not known",
        TenantState::Active => "active",
        TenantState::Suspended => "suspended",
    }
}
