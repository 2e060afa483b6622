//! `usher organizations`

mod create;
mod delete;
mod list;
mod update;

pub use create::create;
pub use delete::delete;
pub use list::list;
pub use update::update;

use super::particulars::particulars;
use super::words;
use crate::proto::v1::Organization;

/// An organization as text, one line for each property.
fn shown(organization: Option<&Organization>) -> String {
    let Some(organization) = organization else { return String::new() };
    particulars([
        ("organization", organization.organization_id.clone()),
        ("name", organization.display_name.clone()),
        ("created", words::time_or(organization.created_at, "")),
    ])
}
