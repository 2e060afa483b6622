//! `usher tenants`: commands of operators about tenants.

use clap::{Args, Subcommand, ValueEnum};

use super::connection::ConnectionArgs;

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

Its rules, such as how long sessions last and who is told: usher policy.";

#[derive(Debug, Subcommand)]
pub enum Tenants {
    /// List tenants by id; those that pass every filter that is given
    #[command(after_help = EXAMPLES)]
    List(List),
    /// Show a tenant
    #[command(after_help = EXAMPLES)]
    Show(TenantRef),
    /// Make a tenant: without a license it is in demo mode
    #[command(after_help = EXAMPLES)]
    Create(Create),
    /// Change a tenant's name or contact
    #[command(after_help = EXAMPLES)]
    Update(Update),
    /// Deny every new login of a tenant; live sessions go on until their own end
    #[command(after_help = EXAMPLES)]
    Suspend(TenantRef),
    /// End a tenant's suspension
    #[command(after_help = EXAMPLES)]
    Resume(TenantRef),
    /// Delete a tenant and everything in it for good. There is no confirmation prompt
    #[command(after_help = EXAMPLES)]
    Delete(TenantRef),
}

#[derive(Debug, Args)]
pub struct List {
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

#[derive(Debug, Args)]
pub struct TenantRef {
    /// The tenant
    #[arg(value_name = "TENANT")]
    pub name: String,
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

#[derive(Debug, Args)]
pub struct Create {
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

#[derive(Debug, Args)]
pub struct Update {
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
