//! `usher tenants show`

use super::super::{Error, Printer, Rendered, Usher};
use super::shown;
use crate::proto::v1::GetTenantRequest;

/// Prints a tenant.
///
/// # Errors
/// [`Error`]
pub async fn show(usher: &Usher, printer: &mut Printer) -> Result<(), Error> {
    let request = GetTenantRequest { tenant_id: usher.tenant.clone() };
    let found = usher.answer(usher.tenants().get_tenant(usher.request(request))).await?;
    printer.print(&Rendered::new(&found, shown(found.tenant.as_ref())))
}
