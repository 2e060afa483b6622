//! Commands about organizations.

use crate::ids::OrganizationId;

#[derive(Debug, Clone)]
pub struct CreateOrganization {
    pub organization: OrganizationId,
    pub display_name: Box<str>,
}

#[derive(Debug, Clone)]
pub struct UpdateOrganization {
    pub organization: OrganizationId,
    pub version: Option<u64>,
    pub display_name: Option<Box<str>>,
}

#[derive(Debug, Clone)]
pub struct DeleteOrganization {
    pub organization: OrganizationId,
}
