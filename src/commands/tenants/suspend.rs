//! `usher tenants suspend`

use super::tenant_ref::TenantRef;
use super::text::shown;
use crate::commands::connection::{Usher, call_for};
use crate::commands::error::Error;
use crate::commands::output::{Printer, Rendered};
use crate::failure::Failure;
use crate::proto::v1::SuspendTenantRequest;

/// Suspends a tenant.
pub async fn run(args: &TenantRef) -> Result<(), Failure> {
    call_for(&args.name, &args.connection, suspend).await
}

async fn suspend(usher: &Usher, printer: &mut Printer) -> Result<(), Error> {
    let request = SuspendTenantRequest { tenant_id: usher.tenant.clone() };
    let suspended = usher.answer(usher.tenants().suspend_tenant(usher.request(request))).await?;
    printer.print(&Rendered::new(&suspended, shown(suspended.tenant.as_ref())))
}
