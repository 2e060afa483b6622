//! `usher tenants delete`

use super::tenant_ref::TenantRef;
use crate::commands::connection::{Usher, call_for};
use crate::commands::error::Error;
use crate::commands::output::{Printer, Rendered};
use crate::failure::Failure;
use crate::proto::v1::DeleteTenantRequest;

/// Deletes a tenant.
pub async fn run(args: &TenantRef) -> Result<(), Failure> {
    call_for(&args.name, &args.connection, delete).await
}

async fn delete(usher: &Usher, printer: &mut Printer) -> Result<(), Error> {
    let request = DeleteTenantRequest { tenant_id: usher.tenant.clone() };
    let deleted = usher.answer(usher.tenants().delete_tenant(usher.request(request))).await?;
    printer.print(&Rendered::new(&deleted, format!("tenant {}: deleted\n", usher.tenant)))
}
