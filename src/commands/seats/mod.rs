//! `usher seats`: seats of many users in several pools.

use clap::{Args, Subcommand};

use super::connection::TenantArgs;
use super::user_batch::UserBatch;

pub const EXAMPLES: &str = "\
Examples:
  A seat in each of two pools for each of two users; who is new is made
    usher seats grant --tenant acme --pool crm --pool sales \\
      ann@example.com bob@example.com
  For everybody in a file, one user a line, with access to one organization
    usher seats grant --tenant acme --pool crm --organization north \\
      --users-file team.txt
  Take them back, and sign out who is signed in
    usher seats recall --tenant acme --pool crm --end-sessions \\
      --users-file team.txt

Every pair of a pool and a user has a result: pool by pool, and in a pool user
by user, a thousand at a time. Exit code 11 when some were denied or refused.";

#[derive(Debug, Subcommand)]
pub enum Seats {
    /// Give users seats: those first in the list get them, as long as there are any
    #[command(after_help = EXAMPLES)]
    Grant(Grant),
    /// Take users' seats away; live sessions go on unless told otherwise
    #[command(after_help = EXAMPLES)]
    Recall(Recall),
}

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

#[derive(Debug, Args)]
pub struct Grant {
    #[command(flatten)]
    pub selection: PoolSelection,
    #[command(flatten)]
    pub scope: TenantArgs,
}

#[derive(Debug, Args)]
pub struct Recall {
    #[command(flatten)]
    pub selection: PoolSelection,
    /// End their sessions in these pools [default: they go on until their own end]
    #[arg(long)]
    pub end_sessions: bool,
    #[command(flatten)]
    pub scope: TenantArgs,
}
