//! `usher tenants create`

use super::super::{Error, Printer, Rendered, Usher};
use super::shown;
use crate::cli::tenants::Create;
use crate::proto::v1::{CreateTenantRequest, Tenant};

/// Creates a tenant.
///
/// # Errors
/// [`Error`]
pub async fn create(usher: &Usher, printer: &mut Printer, args: &Create) -> Result<(), Error> {
    let tenant = Tenant {
        tenant_id: usher.tenant.clone(),
        display_name: args.display_name.clone(),
        contact: args.contact.clone(),
        ..Tenant::default()
    };
    let request = CreateTenantRequest { tenant: Some(tenant) };
    let made = usher.answer(usher.tenants().create_tenant(usher.request(request))).await?;
    printer.print(&Rendered::new(&made, shown(made.tenant.as_ref())))
}
