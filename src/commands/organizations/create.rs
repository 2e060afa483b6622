//! `usher organizations create`

use clap::Args;

use super::text::shown;
use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::{Printer, Rendered};
use crate::failure::Failure;
use crate::proto::v1::{CreateOrganizationRequest, Organization};

#[derive(Debug, Args)]
pub struct CreateArgs {
    /// The organization: an id that is never changed
    #[arg(value_name = "ORGANIZATION")]
    pub organization: String,
    /// The name for people; it orders the organizations in which users land
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub display_name: String,
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Creates an organization.
pub async fn run(args: &CreateArgs) -> Result<(), Failure> {
    call_tenant(&args.scope, async |usher, printer| create(usher, printer, args).await).await
}

async fn create(usher: &Usher, printer: &mut Printer, args: &CreateArgs) -> Result<(), Error> {
    let organization = Organization {
        organization_id: args.organization.clone(),
        display_name: args.display_name.clone(),
        ..Organization::default()
    };
    let request = CreateOrganizationRequest { tenant_id: usher.tenant.clone(), organization: Some(organization) };
    let made = usher.answer(usher.directory().create_organization(usher.request(request))).await?;
    printer.print(&Rendered::new(&made, shown(made.organization.as_ref())))
}
