//! `usher tenants delete`

use super::super::{Error, Printer, Rendered, Usher};
use crate::proto::v1::DeleteTenantRequest;

/// Deletes a tenant.
///
/// # Errors
/// [`Error`]
pub async fn delete(usher: &Usher, printer: &mut Printer) -> Result<(), Error> {
    let request = DeleteTenantRequest { tenant_id: usher.tenant.clone() };
    let deleted = usher.answer(usher.tenants().delete_tenant(usher.request(request))).await?;
    printer.print(&Rendered::new(&deleted, format!("tenant {}: deleted\n", usher.tenant)))
}
