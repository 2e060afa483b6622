//! `usher organizations delete`

use clap::Args;

use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::{Printer, Rendered};
use crate::failure::Failure;
use crate::proto::v1::DeleteOrganizationRequest;

#[derive(Debug, Args)]
pub struct DeleteArgs {
    /// The organization
    #[arg(value_name = "ORGANIZATION")]
    pub organization: String,
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Deletes an organization.
pub async fn run(args: &DeleteArgs) -> Result<(), Failure> {
    call_tenant(&args.scope, async |usher, printer| delete(usher, printer, &args.organization).await).await
}

async fn delete(usher: &Usher, printer: &mut Printer, organization: &str) -> Result<(), Error> {
    let request =
        DeleteOrganizationRequest { tenant_id: usher.tenant.clone(), organization_id: organization.to_owned() };
    let deleted = usher.answer(usher.directory().delete_organization(usher.request(request))).await?;
    printer.print(&Rendered::new(&deleted, format!("organization {organization}: deleted\n")))
}
