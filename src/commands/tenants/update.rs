//! `usher tenants update`

use clap::Args;
use prost_types::FieldMask;

use super::text::shown;
use crate::commands::connection::{ConnectionArgs, Usher, call_for};
use crate::commands::error::Error;
use crate::commands::output::{Printer, Rendered};
use crate::failure::Failure;
use crate::proto::v1::{Tenant, UpdateTenantRequest};

#[derive(Debug, Args)]
pub struct UpdateArgs {
    /// The tenant
    #[arg(value_name = "TENANT")]
    pub name: String,
    #[command(flatten)]
    pub changes: Changes,
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct Changes {
    /// The name for people; empty: none
    #[arg(long, value_name = "NAME")]
    pub display_name: Option<String>,
    /// How to reach the customer; empty: nothing is known
    #[arg(long, value_name = "TEXT")]
    pub contact: Option<String>,
}

/// Changes the given fields of a tenant.
pub async fn run(args: &UpdateArgs) -> Result<(), Failure> {
    call_for(&args.name, &args.connection, async |usher, printer| update(usher, printer, &args.changes).await).await
}

async fn update(usher: &Usher, printer: &mut Printer, changes: &Changes) -> Result<(), Error> {
    let given = [("display_name", &changes.display_name), ("contact", &changes.contact)];
    let paths = given.iter().filter(|(_, value)| value.is_some()).map(|(path, _)| (*path).to_owned()).collect();
    let tenant = Tenant {
        tenant_id: usher.tenant.clone(),
        display_name: changes.display_name.clone().unwrap_or_default(),
        contact: changes.contact.clone().unwrap_or_default(),
        ..Tenant::default()
    };
    let request = UpdateTenantRequest { tenant: Some(tenant), update_mask: Some(FieldMask { paths }) };
    let changed = usher.answer(usher.tenants().update_tenant(usher.request(request))).await?;
    printer.print(&Rendered::new(&changed, shown(changed.tenant.as_ref())))
}
