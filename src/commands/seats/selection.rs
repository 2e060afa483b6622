//! The pools and users that a command is about.

use clap::Args;

use crate::commands::user_batch::UserBatch;

#[derive(Debug, Args)]
pub struct PoolSelection {
    #[command(flatten)]
    pub batch: UserBatch,
    /// A pool; several: once each
    #[arg(long, value_name = "ID", required = true)]
    pub pool: Vec<String>,
    /// Only access to this organization; several: once each [default: the whole seat]
    #[arg(long, value_name = "ID")]
    pub organization: Vec<String>,
}
