//! The tenant that a command is about.

use clap::Args;

use crate::commands::connection::ConnectionArgs;

#[derive(Debug, Args)]
pub struct TenantRef {
    /// The tenant
    #[arg(value_name = "TENANT")]
    pub name: String,
    #[command(flatten)]
    pub connection: ConnectionArgs,
}
