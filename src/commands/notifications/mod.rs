//! `usher notifications`

use clap::{Args, Subcommand, ValueEnum};

use super::connection::TenantArgs;

pub const EXAMPLES: &str = "\
Examples:
  What was told, and whether it reached people
    usher notifications list --tenant acme
  Dead letters; and one of them sent again
    usher notifications list --tenant acme --state dead
    usher notifications redeliver exceeded/primary --tenant acme";

#[derive(Debug, Subcommand)]
pub enum Notifications {
    /// List what was told, the newest first
    #[command(after_help = EXAMPLES)]
    List(List),
    /// Send a notification again: one that was delivered, was given up, or never went out
    #[command(after_help = EXAMPLES)]
    Redeliver(Redeliver),
}

#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    pub scope: TenantArgs,
    /// Only those with a delivery in this state
    #[arg(long, value_enum)]
    pub state: Option<State>,
    /// So many rows at most
    #[arg(long, value_name = "ROWS")]
    pub limit: Option<u64>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum State {
    /// Still to be sent
    Pending,
    /// Sent; the answer is not known
    UnderWay,
    /// The receiver has it
    Done,
    /// Given up, or refused
    Dead,
}

#[derive(Debug, Args)]
pub struct Redeliver {
    /// Its topic, as the list shows it
    pub topic: String,
    #[command(flatten)]
    pub scope: TenantArgs,
}
