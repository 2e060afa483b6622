//! `usher tenants`: commands of operators about tenants.

mod create;
mod delete;
mod list;
mod resume;
mod show;
mod suspend;
mod tenant_ref;
mod text;
mod update;

use clap::Subcommand;

use crate::failure::Failure;

pub const EXAMPLES: &str = "\
Examples:
  Which there are, and those whose service is suspended
    usher tenants list
    usher tenants list --state suspended
  A new one, and one thing about it that changed
    usher tenants create acme --display-name 'Acme Ltd'
    usher tenants update acme --contact 'Ann Archer, +1 555 0100'
    usher tenants show acme
  Nobody of it signs in; and again everybody
    usher tenants suspend acme
    usher tenants resume acme
  With its users, seats and licenses, for good; its sessions end
    usher tenants delete acme

Its rules, such as how long sessions last and who is notified: usher policy.";

#[derive(Debug, Subcommand)]
pub enum Tenants {
    /// List tenants by id; those that pass every filter that is given
    #[command(after_help = EXAMPLES)]
    List(list::ListArgs),
    /// Show a tenant
    #[command(after_help = EXAMPLES)]
    Show(tenant_ref::TenantRef),
    /// Make a tenant: without a license it is in demo mode
    #[command(after_help = EXAMPLES)]
    Create(create::CreateArgs),
    /// Change a tenant's name or contact
    #[command(after_help = EXAMPLES)]
    Update(update::UpdateArgs),
    /// Deny every new login of a tenant; live sessions go on until their own end
    #[command(after_help = EXAMPLES)]
    Suspend(tenant_ref::TenantRef),
    /// End a tenant's suspension
    #[command(after_help = EXAMPLES)]
    Resume(tenant_ref::TenantRef),
    /// Delete a tenant and everything in it for good. There is no confirmation prompt
    #[command(after_help = EXAMPLES)]
    Delete(tenant_ref::TenantRef),
}

impl Tenants {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn run(&self) -> Result<(), Failure> {
        match self {
            Tenants::List(args) => list::run(args).await,
            Tenants::Show(args) => show::run(args).await,
            Tenants::Create(args) => create::run(args).await,
            Tenants::Update(args) => update::run(args).await,
            Tenants::Suspend(args) => suspend::run(args).await,
            Tenants::Resume(args) => resume::run(args).await,
            Tenants::Delete(args) => delete::run(args).await,
        }
    }
}
