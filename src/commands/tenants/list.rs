//! `usher tenants list`

use super::super::list::List;
use super::super::table::left;
use super::super::words;
use super::super::{Error, Printer, Usher};
use super::state;
use crate::cli::tenants::{List as Args, State};
use crate::proto::v1::{ListTenantsRequest, Tenant, TenantState};

const TENANTS: List<Tenant> = List {
    name: "tenants",
    columns: &[left("tenant"), left("name"), left("state"), left("contact"), left("created")],
    row,
    none: "no tenants",
};

/// Prints the tenants.
///
/// # Errors
/// [`Error`]
pub async fn list(usher: &Usher, printer: &mut Printer, args: &Args) -> Result<(), Error> {
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
