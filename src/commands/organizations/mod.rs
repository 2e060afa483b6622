//! `usher organizations`: the divisions of a tenant.

use clap::{Args, Subcommand, ValueEnum};

use super::connection::TenantArgs;

pub const EXAMPLES: &str = "\
Examples:
  Which there are
    usher organizations list --tenant acme
  A new one, and another name for it
    usher organizations create --tenant acme north --display-name 'North Sea'
    usher organizations update --tenant acme north --display-name 'The North'
  Access of users to it goes with it; live sessions go on until their own end
    usher organizations delete --tenant acme north";

#[derive(Debug, Subcommand)]
pub enum Organizations {
    /// List organizations; those that pass every filter that is given
    #[command(after_help = EXAMPLES)]
    List(List),
    /// Make an organization
    #[command(after_help = EXAMPLES)]
    Create(Create),
    /// Change what an organization is called
    #[command(after_help = EXAMPLES)]
    Update(Update),
    /// Delete an organization for good, and users' access to it. There is no confirmation prompt
    #[command(after_help = EXAMPLES)]
    Delete(Delete),
}

#[derive(Debug, Args)]
pub struct List {
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

#[derive(Debug, Args)]
pub struct Create {
    /// The organization: an id that is never changed
    #[arg(value_name = "ORGANIZATION")]
    pub organization: String,
    /// The name for people; it orders the organizations in which users land
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub display_name: String,
    #[command(flatten)]
    pub scope: TenantArgs,
}

#[derive(Debug, Args)]
pub struct Update {
    /// The organization
    #[arg(value_name = "ORGANIZATION")]
    pub organization: String,
    /// The name for people; empty: none
    #[arg(long, value_name = "NAME")]
    pub display_name: String,
    #[command(flatten)]
    pub scope: TenantArgs,
}

#[derive(Debug, Args)]
pub struct Delete {
    /// The organization
    #[arg(value_name = "ORGANIZATION")]
    pub organization: String,
    #[command(flatten)]
    pub scope: TenantArgs,
}
