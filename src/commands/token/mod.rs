//! `usher token`

mod create;
mod generate;
mod list;
mod revoke;
mod text;
mod text_file;

use clap::Subcommand;

use crate::failure::Failure;

pub const EXAMPLES: &str = "\
Examples:
  A token for the login service of two tenants, good for 90 days, in a file
  that only its owner can read
    usher token create --name login-eu --role application --tenant acme \\
      --tenant bolt --ttl 90d --out login-eu.token
  One for a console that manages every tenant; it is printed, this once
    usher token create --name console --role manager --role viewer \\
      --all-tenants
  Which there are, who made them, and when they were used last
    usher token list
  No call is let in with it any more
    usher token revoke 0123456789abcdef
  A token for the first operator, made without an Usher; for the file
  that `usher serve --admin-token-file` reads
    usher token generate --out admin.token";

#[derive(Debug, Subcommand)]
pub enum Token {
    /// Make a token, and print it; nothing shows it again
    #[command(after_help = EXAMPLES)]
    Create(create::CreateArgs),
    /// List tokens by name: active ones, and those that ended lately
    #[command(after_help = EXAMPLES)]
    List(list::ListArgs),
    /// End a token for good
    #[command(after_help = EXAMPLES)]
    Revoke(revoke::RevokeArgs),
    /// Make a token of no installation, and print it: for `usher serve --admin-token-file`
    #[command(after_help = EXAMPLES)]
    Generate(text_file::OutputArgs),
}

impl Token {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn run(&self) -> Result<(), Failure> {
        match self {
            Token::Create(args) => create::run(args).await,
            Token::List(args) => list::run(args).await,
            Token::Revoke(args) => revoke::run(args).await,
            Token::Generate(args) => generate::run(args),
        }
    }
}
