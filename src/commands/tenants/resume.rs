//! `usher tenants resume`

use super::tenant_ref::TenantRef;
use super::text::shown;
use crate::commands::connection::{Usher, call_for};
use crate::commands::error::Error;
use crate::commands::output::{Printer, Rendered};
use crate::failure::Failure;
use crate::proto::v1::ResumeTenantRequest;

/// Resumes a suspended tenant.
pub async fn run(args: &TenantRef) -> Result<(), Failure> {
    call_for(&args.name, &args.connection, resume).await
}

async fn resume(usher: &Usher, printer: &mut Printer) -> Result<(), Error> {
    let request = ResumeTenantRequest { tenant_id: usher.tenant.clone() };
    let resumed = usher.answer(usher.tenants().resume_tenant(usher.request(request))).await?;
    printer.print(&Rendered::new(&resumed, shown(resumed.tenant.as_ref())))
}
