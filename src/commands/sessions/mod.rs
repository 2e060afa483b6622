//! `usher sessions`: commands about live sessions.

mod close;
mod close_idle;
mod list;
mod watch;

use clap::Subcommand;

use crate::failure::Failure;

pub const EXAMPLES: &str = "\
Examples:
  Who is signed in, the longest idle first
    usher sessions list --tenant acme --order last-activity
  Idle sessions of one pool
    usher sessions list --tenant acme --pool crm --status idle
  Who came from there, and did nothing for an hour
    usher sessions list --tenant acme --client 10.0.7. --idle-for 1h
  End one; while its user is active and the client not silent, only with --force
    usher sessions close --tenant acme 0197f0a3-1c2d-7e4f-8a9b-0c1d2e3f4a5b
  End all that are idle, but not one's own
    usher sessions close-idle --tenant acme --as root@example.com
  Every start and end, as it happens
    usher sessions watch --tenant acme";

#[derive(Debug, Subcommand)]
pub enum Sessions {
    /// List live sessions; those that pass every filter that is given
    #[command(after_help = EXAMPLES)]
    List(Box<list::ListArgs>),
    /// End sessions: exit code 11 when it was refused, because the user is active with a live client
    #[command(after_help = EXAMPLES)]
    Close(close::CloseArgs),
    /// End the sessions of all users who are idle, and list them
    #[command(after_help = EXAMPLES)]
    CloseIdle(close_idle::CloseIdleArgs),
    /// Print every start and end of a session as it happens, until it is interrupted. Goes on after a lost connection
    /// where it was
    #[command(after_help = EXAMPLES)]
    Watch(watch::WatchArgs),
}

impl Sessions {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn run(&self) -> Result<(), Failure> {
        match self {
            Sessions::List(args) => list::run(args).await,
            Sessions::Close(args) => close::run(args).await,
            Sessions::CloseIdle(args) => close_idle::run(args).await,
            Sessions::Watch(args) => watch::run(args).await,
        }
    }
}
