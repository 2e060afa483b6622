//! `usher license fetch`

use clap::Args;

use super::answers;
use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::{Printer, Rendered};
use crate::failure::Failure;
use crate::proto::v1::{FetchLicenseRequest, LicenseFetchOutcome};

#[derive(Debug, Args)]
pub struct FetchArgs {
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Makes the service look for a newer license in the vendor's folder.
///
/// # Errors
/// [`Failure::LicenseNotValid`] if a license was found and refused, and [`Failure::Refused`] if the vendor was not
/// reached; the answer is printed in any case.
pub async fn run(args: &FetchArgs) -> Result<(), Failure> {
    call_tenant(&args.scope, fetch).await
}

async fn fetch(usher: &Usher, printer: &mut Printer) -> Result<(), Error> {
    let request = usher.request(FetchLicenseRequest { tenant_id: usher.tenant.clone() });
    let fetched = usher.answer(usher.licenses().fetch_license(request)).await?;
    let found = fetched.fetch.clone().unwrap_or_default();
    printer.print(&Rendered::new(&fetched, answers::fetched(&fetched, &found)))?;
    match found.outcome() {
        LicenseFetchOutcome::Refused => Err(Error::NotValid(format!("{} ({})", found.message, found.reason))),
        LicenseFetchOutcome::Failed => Err(Error::Refused(found.message)),
        _ => Ok(()),
    }
}
