//! `usher tenants create`

use clap::Args;

use super::text::shown;
use crate::commands::connection::{ConnectionArgs, Usher, call_for};
use crate::commands::error::Error;
use crate::commands::output::{Printer, Rendered};
use crate::failure::Failure;
use crate::proto::v1::{CreateTenantRequest, Tenant};

#[derive(Debug, Args)]
pub struct CreateArgs {
    /// The tenant: an id that is never changed
    #[arg(value_name = "TENANT")]
    pub name: String,
    /// The name for people
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub display_name: String,
    /// How to reach the customer
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub contact: String,
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// Creates a tenant.
pub async fn run(args: &CreateArgs) -> Result<(), Failure> {
    call_for(&args.name, &args.connection, async |usher, printer| create(usher, printer, args).await).await
}

async fn create(usher: &Usher, printer: &mut Printer, args: &CreateArgs) -> Result<(), Error> {
    let tenant = Tenant {
        tenant_id: usher.tenant.clone(),
        display_name: args.display_name.clone(),
        contact: args.contact.clone(),
        ..Tenant::default()
    };
    let request = CreateTenantRequest { tenant: Some(tenant) };
    let made = usher.answer(usher.tenants().create_tenant(usher.request(request))).await?;
    printer.print(&Rendered::new(&made, shown(made.tenant.as_ref())))
}
