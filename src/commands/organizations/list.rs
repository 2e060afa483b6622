//! `usher organizations list`

use clap::{Args, ValueEnum};

use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::list::List;
use crate::commands::output::table::left;
use crate::commands::output::{Printer, words};
use crate::failure::Failure;
use crate::proto::v1::{ListOrganizationsRequest, Organization};

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only organizations with this text in the id or the name
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// In which order
    #[arg(long, value_name = "ORDER", default_value = "name")]
    pub order: SortKey,
    /// The other way round
    #[arg(long)]
    pub descending: bool,
    /// Only the first so many [default: all]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    #[command(flatten)]
    pub scope: TenantArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum SortKey {
    Name,
    Organization,
}

/// Prints the organizations of a tenant.
pub async fn run(args: &ListArgs) -> Result<(), Failure> {
    call_tenant(&args.scope, async |usher, printer| list(usher, printer, args).await).await
}

const ORGANIZATIONS: List<Organization> = List {
    name: "organizations",
    columns: &[left("organization"), left("name"), left("created")],
    row,
    none: "no organizations",
};

async fn list(usher: &Usher, printer: &mut Printer, args: &ListArgs) -> Result<(), Error> {
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
