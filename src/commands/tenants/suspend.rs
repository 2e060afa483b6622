//! `usher tenants suspend` and `resume`

use super::super::{Error, Printer, Rendered, Usher};
use super::shown;
use crate::proto::v1::{ResumeTenantRequest, SuspendTenantRequest};

/// Suspends a tenant.
///
/// # Errors
/// [`Error`]
pub async fn suspend(usher: &Usher, printer: &mut Printer) -> Result<(), Error> {
    let request = SuspendTenantRequest { tenant_id: usher.tenant.clone() };
    let suspended = usher.answer(usher.tenants().suspend_tenant(usher.request(request))).await?;
    printer.print(&Rendered::new(&suspended, shown(suspended.tenant.as_ref())))
}

/// Resumes a suspended tenant.
///
/// # Errors
/// [`Error`]
pub async fn resume(usher: &Usher, printer: &mut Printer) -> Result<(), Error> {
    let request = ResumeTenantRequest { tenant_id: usher.tenant.clone() };
    let resumed = usher.answer(usher.tenants().resume_tenant(usher.request(request))).await?;
    printer.print(&Rendered::new(&resumed, shown(resumed.tenant.as_ref())))
}
