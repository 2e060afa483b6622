//! `usher organizations update`

use prost_types::FieldMask;

use super::super::{Error, Printer, Rendered, Usher};
use super::shown;
use crate::cli::organizations::Update;
use crate::proto::v1::{Organization, UpdateOrganizationRequest};

/// Changes the display name of an organization.
///
/// # Errors
/// [`Error`]
pub async fn update(usher: &Usher, printer: &mut Printer, args: &Update) -> Result<(), Error> {
    let organization = Organization {
        organization_id: args.organization.clone(),
        display_name: args.display_name.clone(),
        ..Organization::default()
    };
    let request = UpdateOrganizationRequest {
        tenant_id: usher.tenant.clone(),
        organization: Some(organization),
        // Always in the mask, because an empty name is a value, too.
        update_mask: Some(FieldMask { paths: vec!["display_name".into()] }),
    };
    let changed = usher.answer(usher.directory().update_organization(usher.request(request))).await?;
    printer.print(&Rendered::new(&changed, shown(changed.organization.as_ref())))
}
