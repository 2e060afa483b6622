//! An organization, for people.

use crate::commands::output::particulars::particulars;
use crate::commands::output::words;
use crate::proto::v1::Organization;

/// An organization as text, one line for each property.
pub fn shown(organization: Option<&Organization>) -> String {
    let Some(organization) = organization else { return String::new() };
    particulars([
        ("organization", organization.organization_id.clone()),
        ("name", organization.display_name.clone()),
        ("created", words::time_or(organization.created_at, "")),
    ])
}
