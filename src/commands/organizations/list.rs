//! `usher organizations list`

use super::super::list::List;
use super::super::table::left;
use super::super::words;
use super::super::{Error, Printer, Usher};
use crate::cli::organizations::{List as Args, SortKey};
use crate::proto::v1::{ListOrganizationsRequest, Organization};

const ORGANIZATIONS: List<Organization> = List {
    name: "organizations",
    columns: &[left("organization"), left("name"), left("created")],
    row,
    none: "no organizations",
};

/// Prints the organizations of a tenant.
///
/// # Errors
/// [`Error`]
pub async fn list(usher: &Usher, printer: &mut Printer, args: &Args) -> Result<(), Error> {
    let by = match args.order {
        SortKey::Name => "display_name",
        SortKey::Organization => "organization_id",
    };
    let page = async |page_size: i32, page_token| {
        let request = ListOrganizationsRequest {
            tenant_id: usher.tenant.clone(),
            page_size,
            page_token,
            order_by: words::direction(by, args.descending),
            text: args.search.clone().unwrap_or_default(),
        };
        let page = usher.answer(usher.directory().list_organizations(usher.request(request))).await?;
        Ok((page.organizations, page.next_page_token))
    };
    ORGANIZATIONS.print(printer, args.limit, page).await
}

fn row(organization: &Organization) -> Vec<String> {
    let created = words::time_or(organization.created_at, "");
    vec![organization.organization_id.clone(), organization.display_name.clone(), created]
}
