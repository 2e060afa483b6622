//! `usher license delete`

use clap::Args;

use super::answers;
use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::{Printer, Rendered};
use crate::failure::Failure;
use crate::proto::v1::{DeleteLicenseRequest, DeleteLicensesRequest};

#[derive(Debug, Args)]
pub struct DeleteArgs {
    /// Which license
    #[arg(value_name = "LICENSE", required_unless_present = "all", conflicts_with = "all")]
    pub license: Option<String>,
    /// All of them: the tenant is in demo mode then. Nobody asks whether you mean it
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Deletes a license, or all of them.
pub async fn run(args: &DeleteArgs) -> Result<(), Failure> {
    match &args.license {
        Some(license) => call_tenant(&args.scope, async |usher, printer| delete(usher, printer, license).await).await,
        // clap requires an id or `--all`, so this is `--all`.
        None => call_tenant(&args.scope, delete_all).await,
    }
}

/// Deletes one license.
///
/// # Errors
/// [`Error`]
async fn delete(usher: &Usher, printer: &mut Printer, license: &str) -> Result<(), Error> {
    let delete = DeleteLicenseRequest { tenant_id: usher.tenant.clone(), license_id: license.to_owned() };
    let deleted = usher.answer(usher.licenses().delete_license(usher.request(delete))).await?;
    let for_people = format!("license {license}: deleted\n{}", answers::pools(&deleted.pools));
    printer.print(&Rendered::new(&deleted, for_people))
}

/// Deletes all licenses.
///
/// # Errors
/// [`Error`]
async fn delete_all(usher: &Usher, printer: &mut Printer) -> Result<(), Error> {
    let request = usher.request(DeleteLicensesRequest { tenant_id: usher.tenant.clone() });
    let deleted = usher.answer(usher.licenses().delete_licenses(request)).await?;
    printer.print(&Rendered::new(&deleted, answers::deleted_all(&deleted)))
}
