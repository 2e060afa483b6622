//! `usher users`: commands of administrators about users.

mod access;
mod attribute;
mod block;
mod columns;
mod create;
mod delete;
mod delimiter;
mod each;
mod export;
mod file;
mod filters;
mod get;
mod import;
mod input;
mod list;
mod records;
mod rename;
mod unblock;
mod update;

pub use file::{UsersFile, read as read_users};

use clap::Subcommand;

use crate::failure::Failure;

pub const EXAMPLES: &str = "\
Examples:
  Who signed in last, and who never did
    usher users list --tenant acme --order last-sign-in --descending
    usher users list --tenant acme --never-signed-in
  Who did not sign in this year, of one domain
    usher users list --tenant acme --signed-in-before 2027-01-01 \\
      --id @example.com
  Everybody whose name or email has both words in it
    usher users list --tenant acme --search 'ann example.com'
  One user with all seats
    usher users get --tenant acme ann@example.com
  A new one with a seat in two pools
    usher users create --tenant acme --pool primary --pool crm \\
      --given-name Ann --family-name Archer ann@example.com
  What is known of her changes; what is not named stays as it is
    usher users update --tenant acme --family-name Bell --group sales \\
      ann@example.com
  Ann has another email; change it in the directory first, if there is one
    usher users rename --tenant acme ann@example.com ann.bell@example.com
  Nobody of these signs in from now on, and whoever is signed in is signed out
    usher users block --tenant acme --end-sessions \\
      bob@example.com cid@example.com
    usher users unblock --tenant acme bob@example.com
    usher users delete --tenant acme --users-file gone.txt

The result is reported for each user; exit code 11 when it was
denied or refused for some.";

#[derive(Debug, Subcommand)]
pub enum Users {
    /// List users; those who pass every filter that is given
    #[command(after_help = EXAMPLES)]
    List(Box<list::ListArgs>),
    /// Show one user, with seats
    #[command(after_help = EXAMPLES)]
    Get(get::GetArgs),
    /// Make a user, with seats if wanted: exit code 11 when a pool is full
    #[command(after_help = EXAMPLES)]
    Create(Box<create::CreateArgs>),
    /// Change what is known of a user; what is not named stays as it is
    #[command(after_help = EXAMPLES)]
    Update(Box<update::UpdateArgs>),
    /// Give a user another id, such as a new email: seats, sessions and history stay with the person
    #[command(after_help = EXAMPLES)]
    Rename(rename::RenameArgs),
    /// Block users: they cannot sign in, and their named seats are free for others. It can be undone
    #[command(after_help = EXAMPLES)]
    Block(block::BlockArgs),
    /// Unblock users: it needs a free seat in each named pool in which the user has one
    #[command(after_help = EXAMPLES)]
    Unblock(unblock::UnblockArgs),
    /// Delete users for good, and end their sessions. Nobody asks whether you mean it
    #[command(after_help = EXAMPLES)]
    Delete(delete::DeleteArgs),
    /// Bring users in line with a CSV file: new ones are made, others changed, seats given
    #[command(after_help = import::EXAMPLES)]
    Import(import::ImportArgs),
    /// Write users as a CSV file; those who pass every filter that is given
    #[command(after_help = export::EXAMPLES)]
    Export(Box<export::ExportArgs>),
}

impl Users {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn run(&self) -> Result<(), Failure> {
        match self {
            Users::List(args) => list::run(args).await,
            Users::Get(args) => get::run(args).await,
            Users::Create(args) => create::run(args).await,
            Users::Update(args) => update::run(args).await,
            Users::Rename(args) => rename::run(args).await,
            Users::Block(args) => block::run(args).await,
            Users::Unblock(args) => unblock::run(args).await,
            Users::Delete(args) => delete::run(args).await,
            Users::Import(args) => import::run(args).await,
            Users::Export(args) => export::run(args).await,
        }
    }
}
