//! `usher token`

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand, ValueEnum};

use super::connection::ConnectionArgs;

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
    Create(Create),
    /// List tokens by name: active ones, and those that ended lately
    #[command(after_help = EXAMPLES)]
    List(List),
    /// End a token for good
    #[command(after_help = EXAMPLES)]
    Revoke(Revoke),
    /// Make a token of no installation, and print it: for `usher serve --admin-token-file`
    #[command(after_help = EXAMPLES)]
    Generate(OutputArgs),
}

#[derive(Debug, Args)]
pub struct Create {
    /// Who will use it, as the audit is to name them; of one name two tokens can be active at a time
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub name: String,
    /// What they may do; several: once each, or with commas
    #[arg(long, value_name = "ROLE", required = true, value_delimiter = ',')]
    pub role: Vec<Role>,
    #[command(flatten)]
    pub tenants: Tenants,
    /// For how long it is good, such as 90d [default: for ever]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub ttl: Option<Duration>,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Role {
    /// A login service: check-outs, check-ins, heartbeats
    Application,
    /// Reads
    Viewer,
    /// Grants, licenses, users, sessions, policies
    Manager,
    /// Tenants, tokens, and the server itself
    Operator,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Tenants {
    /// A tenant that it is for; several: once each
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub tenant: Vec<String>,
    /// It is for all tenants, also those that there are not yet
    #[arg(long)]
    pub all_tenants: bool,
}

/// Where a token's text is kept.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Write it to this file, which only its owner can read, instead of printing it
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Overwrite the file
    #[arg(long, requires = "out")]
    pub force: bool,
}

#[derive(Debug, Args)]
pub struct List {
    /// At most so many [default: all]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

#[derive(Debug, Args)]
pub struct Revoke {
    /// Its id, as `usher token list` shows it
    #[arg(value_name = "ID")]
    pub id: String,
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| "is not a duration such as 90d or 12h".to_owned())
}
