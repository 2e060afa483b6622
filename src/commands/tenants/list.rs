//! `usher tenants list`

use clap::{Args, ValueEnum};

use super::text::state;
use crate::commands::connection::{ConnectionArgs, INSTALLATION, Usher, call_for};
use crate::commands::error::Error;
use crate::commands::output::list::List;
use crate::commands::output::table::left;
use crate::commands::output::{Printer, words};
use crate::failure::Failure;
use crate::proto::v1::{ListTenantsRequest, Tenant, TenantState};

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only tenants with this text in the id, the name or the contact
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Only tenants in this state
    #[arg(long, value_name = "STATE")]
    pub state: Option<State>,
    /// Only the first so many [default: all]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum State {
    Active,
    Suspended,
}

/// Prints the tenants.
pub async fn run(args: &ListArgs) -> Result<(), Failure> {
    call_for(INSTALLATION, &args.connection, async |usher, printer| list(usher, printer, args).await).await
}

const TENANTS: List<Tenant> = List {
    name: "tenants",
    columns: &[left("tenant"), left("name"), left("state"), left("contact"), left("created")],
    row,
    none: "no tenants",
};

async fn list(usher: &Usher, printer: &mut Printer, args: &ListArgs) -> Result<(), Error> {
    let state = match args.state {
        None => TenantState::Unspecified,
        Some(State::Active) => TenantState::Active,
        Some(State::Suspended) => TenantState::Suspended,
    };
    let page = async |page_size: i32, page_token| {
        let request = ListTenantsRequest {
            page_size,
            page_token,
            text: args.search.clone().unwrap_or_default(),
            state: state.into(),
            ..ListTenantsRequest::default()
        };
        let page = usher.answer(usher.tenants().list_tenants(usher.request(request))).await?;
        Ok((page.tenants, page.next_page_token))
    };
    TENANTS.print(printer, args.limit, page).await
}

fn row(tenant: &Tenant) -> Vec<String> {
    vec![
        tenant.tenant_id.clone(),
        tenant.display_name.clone(),
        state(tenant).into(),
        tenant.contact.clone(),
        words::time_or(tenant.created_at, ""),
    ]
}
