//! `usher organizations`: the divisions of a tenant.

mod create;
mod delete;
mod list;
mod text;
mod update;

use clap::Subcommand;

use crate::failure::Failure;

pub const EXAMPLES: &str = "\
Examples:
  Which there are
    usher organizations list --tenant acme
  A new one, and another name for it
    usher organizations create --tenant acme north --display-name 'North Sea'
    usher organizations update --tenant acme north --display-name 'The North'
  Access of users to it goes with it; live sessions go on until their own end
    usher organizations delete --tenant acme north";

#[derive(Debug, Subcommand)]
pub enum Organizations {
    /// List organizations; those that pass every filter that is given
    #[command(after_help = EXAMPLES)]
    List(list::ListArgs),
    /// Make an organization
    #[command(after_help = EXAMPLES)]
    Create(create::CreateArgs),
    /// Change what an organization is called
    #[command(after_help = EXAMPLES)]
    Update(update::UpdateArgs),
    /// Delete an organization for good, and users' access to it. There is no confirmation prompt
    #[command(after_help = EXAMPLES)]
    Delete(delete::DeleteArgs),
}

impl Organizations {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn run(&self) -> Result<(), Failure> {
        match self {
            Organizations::List(args) => list::run(args).await,
            Organizations::Create(args) => create::run(args).await,
            Organizations::Update(args) => update::run(args).await,
            Organizations::Delete(args) => delete::run(args).await,
        }
    }
}
