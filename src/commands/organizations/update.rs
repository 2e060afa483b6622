//! `usher organizations update`

use clap::Args;
use prost_types::FieldMask;

use super::text::shown;
use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::{Printer, Rendered};
use crate::failure::Failure;
use crate::proto::v1::{Organization, UpdateOrganizationRequest};

#[derive(Debug, Args)]
pub struct UpdateArgs {
    /// The organization
    #[arg(value_name = "ORGANIZATION")]
    pub organization: String,
    /// The name for people; empty: none
    #[arg(long, value_name = "NAME")]
    pub display_name: String,
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Changes the display name of an organization.
pub async fn run(args: &UpdateArgs) -> Result<(), Failure> {
    call_tenant(&args.scope, async |usher, printer| update(usher, printer, args).await).await
}

async fn update(usher: &Usher, printer: &mut Printer, args: &UpdateArgs) -> Result<(), Error> {
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
