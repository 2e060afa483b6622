//! `usher organizations create`

use super::super::{Error, Printer, Rendered, Usher};
use super::shown;
use crate::cli::organizations::Create;
use crate::proto::v1::{CreateOrganizationRequest, Organization};

/// Creates an organization.
///
/// # Errors
/// [`Error`]
pub async fn create(usher: &Usher, printer: &mut Printer, args: &Create) -> Result<(), Error> {
    let organization = Organization {
        organization_id: args.organization.clone(),
        display_name: args.display_name.clone(),
        ..Organization::default()
    };
    let request = CreateOrganizationRequest { tenant_id: usher.tenant.clone(), organization: Some(organization) };
    let made = usher.answer(usher.directory().create_organization(usher.request(request))).await?;
    printer.print(&Rendered::new(&made, shown(made.organization.as_ref())))
}
