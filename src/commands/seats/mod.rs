//! `usher seats`: seats of many users in several pools.

mod batch;
mod grant;
mod recall;
mod selection;

use clap::Subcommand;

use crate::failure::Failure;

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
    Grant(grant::GrantArgs),
    /// Take users' seats away; live sessions go on, except with --end-sessions
    #[command(after_help = EXAMPLES)]
    Recall(recall::RecallArgs),
}

impl Seats {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn run(&self) -> Result<(), Failure> {
        match self {
            Seats::Grant(args) => grant::run(args).await,
            Seats::Recall(args) => recall::run(args).await,
        }
    }
}
