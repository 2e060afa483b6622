//! `usher license list`

use clap::Args;

use super::answers;
use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::Printer;
use crate::commands::output::list::List;
use crate::commands::output::table::left;
use crate::commands::output::words::{self, limit, plan};
use crate::failure::Failure;
use crate::proto::v1::{Entitlement, License, ListLicensesRequest};

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Prints all licenses, page by page.
pub async fn run(args: &ListArgs) -> Result<(), Failure> {
    call_tenant(&args.scope, list).await
}

/// Largest number of licenses on a page. With their documents, of at most 64 KiB each, they stay well below the largest
/// answer.
const PAGE: i32 = 100;

const LICENSES: List<License> = List {
    name: "licenses",
    columns: &[
        left("license"),
        left("revision"),
        left("state"),
        left("seats"),
        left("expires"),
        left("installed at"),
        left("by"),
    ],
    row,
    none: "no license: the tenant is in demo mode",
};

fn row(license: &License) -> Vec<String> {
    vec![
        license.license_id.clone(),
        license.revision.to_string(),
        answers::state(license).into(),
        entitlements(&license.entitlements),
        words::time_or(license.expires_at, "never"),
        words::time_or(license.installed_at, ""),
        license.installed_by.clone(),
    ]
}

fn entitlements(given: &[Entitlement]) -> String {
    let one = |it: &Entitlement| format!("{}={} {}", it.pool_id, limit(it.seats, it.unlimited), plan(it.plan()));
    given.iter().map(one).collect::<Vec<_>>().join(", ")
}

async fn list(usher: &Usher, printer: &mut Printer) -> Result<(), Error> {
    let page = async |page_size: i32, page_token| {
        let tenant_id = usher.tenant.clone();
        let request = usher.request(ListLicensesRequest { tenant_id, page_size: page_size.min(PAGE), page_token });
        let page = usher.answer(usher.licenses().list_licenses(request)).await?;
        Ok((page.licenses, page.next_page_token))
    };
    LICENSES.print(printer, None, page).await
}
