//! `usher usage`

use clap::Args;

use super::connection::TenantArgs;

pub const EXAMPLE: &str = "\
Example:
  usher usage --tenant acme";

#[derive(Debug, Args)]
pub struct Usage {
    #[command(flatten)]
    pub scope: TenantArgs,
}
