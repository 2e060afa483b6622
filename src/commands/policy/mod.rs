//! `usher policy`: the rules of a tenant. Options have the names of the contract's fields.

mod rules;
mod set;
mod show;

use clap::Subcommand;

use crate::failure::Failure;

pub const EXAMPLES: &str = "\
Examples:
  All rules, each under the name of its option
    usher policy show --tenant acme
  Who is notified when seats run out, and from which level on
    usher policy set --tenant acme --responsible-person licenses@acme.example \\
      --warn-at-percent 75,90
  Sessions of a day; who signs in elsewhere takes the seat along
    usher policy set --tenant acme --max-session 24h \\
      --when-already-signed-in take-over
  As it was at first
    usher policy set --tenant acme --max-session default \\
      --responsible-person default";

#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Show every rule of a tenant, also those that nobody changed
    #[command(after_help = EXAMPLES)]
    Show(show::ShowArgs),
    /// Change rules of a tenant; the others stay as they are
    #[command(after_help = EXAMPLES)]
    Set(Box<set::SetArgs>),
}

impl Policy {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn run(&self) -> Result<(), Failure> {
        match self {
            Policy::Show(args) => show::run(args).await,
            Policy::Set(args) => set::run(args).await,
        }
    }
}
