//! `usher notifications`

mod list;
mod redeliver;

use clap::Subcommand;

use crate::failure::Failure;

pub const EXAMPLES: &str = "\
Examples:
  What people were notified of, and whether it reached them
    usher notifications list --tenant acme
  Dead letters; and one of them sent again
    usher notifications list --tenant acme --state dead
    usher notifications redeliver exceeded/primary --tenant acme";

#[derive(Debug, Subcommand)]
pub enum Notifications {
    /// List notifications, the newest first
    #[command(after_help = EXAMPLES)]
    List(list::ListArgs),
    /// Send a notification again: one that was delivered, was given up, or never went out
    #[command(after_help = EXAMPLES)]
    Redeliver(redeliver::RedeliverArgs),
}

impl Notifications {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn run(&self) -> Result<(), Failure> {
        match self {
            Notifications::List(args) => list::run(args).await,
            Notifications::Redeliver(args) => redeliver::run(args).await,
        }
    }
}
