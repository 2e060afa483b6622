//! Calls of LicenseService for `usher license`.

mod page;
mod requested_changes;
mod show;

pub use page::show;
pub use requested_changes::{RequestedChanges, seats_moved, seats_wanted};

use super::list::List;
use super::table::left;
use super::words::{self, limit, plan};
use super::{Error, Printer, Rendered, Usher};
use crate::proto::v1::{
    DeleteLicenseRequest, DeleteLicensesRequest, Entitlement, FetchLicenseRequest, InstallLicenseRequest, License,
    LicenseFetchOutcome, ListLicensesRequest,
};

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
        show::state(license).into(),
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

/// Requests a license request; returns the document, and the answer to print.
///
/// # Errors
/// [`Error`]
pub async fn request(usher: &Usher, changes: &RequestedChanges) -> Result<(String, Rendered), Error> {
    let request = usher.request(changes.of(&usher.tenant));
    let made = usher.answer(usher.licenses().create_license_request(request)).await?;
    let answer = Rendered::new(&made, show::changes(&usher.tenant, changes));
    Ok((made.document, answer))
}

/// Like [`request`], but the service sends the document to the vendor.
///
/// # Errors
/// [`Error`]
pub async fn send(usher: &Usher, changes: &RequestedChanges) -> Result<(String, Rendered), Error> {
    let request = usher.request(changes.to_send(&usher.tenant));
    let sent = usher.answer(usher.licenses().send_license_request(request)).await?;
    let answer = Rendered::new(&sent, show::sent(&sent, show::changes(&usher.tenant, changes)));
    Ok((sent.document, answer))
}

/// Makes the service look for a newer license in the vendor's folder.
///
/// # Errors
/// [`Error::NotValid`] if a license was found and refused, and [`Error::Refused`] if the vendor was not reached; the
/// answer is printed in any case.
pub async fn fetch(usher: &Usher, printer: &mut Printer) -> Result<(), Error> {
    let request = usher.request(FetchLicenseRequest { tenant_id: usher.tenant.clone() });
    let fetched = usher.answer(usher.licenses().fetch_license(request)).await?;
    let found = fetched.fetch.clone().unwrap_or_default();
    printer.print(&Rendered::new(&fetched, show::fetched(&fetched, &found)))?;
    match found.outcome() {
        LicenseFetchOutcome::Refused => Err(Error::NotValid(format!("{} ({})", found.message, found.reason))),
        LicenseFetchOutcome::Failed => Err(Error::Refused(found.message)),
        _ => Ok(()),
    }
}

/// Installs a license.
///
/// # Errors
/// [`Error::NotValid`], among others.
pub async fn install(usher: &Usher, printer: &mut Printer, document: String) -> Result<(), Error> {
    let request = usher.request(InstallLicenseRequest { tenant_id: usher.tenant.clone(), document });
    let installed = usher.answer(usher.licenses().install_license(request)).await?;
    printer.print(&Rendered::new(&installed, show::installed(&installed)))
}

/// Prints all licenses, page by page.
///
/// # Errors
/// [`Error`]
pub async fn list(usher: &Usher, printer: &mut Printer) -> Result<(), Error> {
    let page = async |page_size: i32, page_token| {
        let tenant_id = usher.tenant.clone();
        let request = usher.request(ListLicensesRequest { tenant_id, page_size: page_size.min(PAGE), page_token });
        let page = usher.answer(usher.licenses().list_licenses(request)).await?;
        Ok((page.licenses, page.next_page_token))
    };
    LICENSES.print(printer, None, page).await
}

/// Deletes one license.
///
/// # Errors
/// [`Error`]
pub async fn delete(usher: &Usher, printer: &mut Printer, license: &str) -> Result<(), Error> {
    let delete = DeleteLicenseRequest { tenant_id: usher.tenant.clone(), license_id: license.to_owned() };
    let deleted = usher.answer(usher.licenses().delete_license(usher.request(delete))).await?;
    let for_people = format!("license {license}: deleted\n{}", show::pools(&deleted.pools));
    printer.print(&Rendered::new(&deleted, for_people))
}

/// Deletes all licenses.
///
/// # Errors
/// [`Error`]
pub async fn delete_all(usher: &Usher, printer: &mut Printer) -> Result<(), Error> {
    let request = usher.request(DeleteLicensesRequest { tenant_id: usher.tenant.clone() });
    let deleted = usher.answer(usher.licenses().delete_licenses(request)).await?;
    printer.print(&Rendered::new(&deleted, show::deleted_all(&deleted)))
}
