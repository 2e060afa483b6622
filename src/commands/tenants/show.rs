//! `usher tenants show`

use super::tenant_ref::TenantRef;
use super::text::shown;
use crate::commands::connection::{Usher, call_for};
use crate::commands::error::Error;
use crate::commands::output::{Printer, Rendered};
use crate::failure::Failure;
use crate::proto::v1::GetTenantRequest;

/// Prints a tenant.
pub async fn run(args: &TenantRef) -> Result<(), Failure> {
    call_for(&args.name, &args.connection, show).await
}

async fn show(usher: &Usher, printer: &mut Printer) -> Result<(), Error> {
    let request = GetTenantRequest { tenant_id: usher.tenant.clone() };
    let found = usher.answer(usher.tenants().get_tenant(usher.request(request))).await?;
    printer.print(&Rendered::new(&found, shown(found.tenant.as_ref())))
}
