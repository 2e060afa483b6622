//! `usher tenants update`

use prost_types::FieldMask;

use super::super::{Error, Printer, Rendered, Usher};
use super::shown;
use crate::cli::tenants::Changes;
use crate::proto::v1::{Tenant, UpdateTenantRequest};

/// Changes the given fields of a tenant.
///
/// # Errors
/// [`Error`]
pub async fn update(usher: &Usher, printer: &mut Printer, changes: &Changes) -> Result<(), Error> {
    let given = [("display_name", &changes.display_name), ("contact", &changes.contact)];
    let paths = given.iter().filter(|(_, value)| value.is_some()).map(|(path, _)| (*path).to_owned()).collect();
    let tenant = Tenant {
        tenant_id: usher.tenant.clone(),
        display_name: changes.display_name.clone().unwrap_or_default(),
        contact: changes.contact.clone().unwrap_or_default(),
        ..Tenant::default()
    };
    let request = UpdateTenantRequest { tenant: Some(tenant), update_mask: Some(FieldMask { paths }) };
    let changed = usher.answer(usher.tenants().update_tenant(usher.request(request))).await?;
    printer.print(&Rendered::new(&changed, shown(changed.tenant.as_ref())))
}
