//! `usher organizations delete`

use super::super::{Error, Printer, Rendered, Usher};
use crate::proto::v1::DeleteOrganizationRequest;

/// Deletes an organization.
///
/// # Errors
/// [`Error`]
pub async fn delete(usher: &Usher, printer: &mut Printer, organization: &str) -> Result<(), Error> {
    let request =
        DeleteOrganizationRequest { tenant_id: usher.tenant.clone(), organization_id: organization.to_owned() };
    let deleted = usher.answer(usher.directory().delete_organization(usher.request(request))).await?;
    printer.print(&Rendered::new(&deleted, format!("organization {organization}: deleted\n")))
}
