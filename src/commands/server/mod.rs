//! `usher server`: commands about a running server process.

use clap::{Args, Subcommand};

use super::connection::ConnectionArgs;

pub const EXAMPLES: &str = "\
Examples:
  What runs there, since when, and what it logs
    usher server show
  A line for each decision about a login, for ten minutes
    usher server log info,usher::decisions=debug --for 10m
  Less, until it ends
    usher server log warn";

#[derive(Debug, Subcommand)]
pub enum Server {
    /// Show its version, since when it runs, where its data are and what it logs
    #[command(after_help = EXAMPLES)]
    Show(Show),
    /// Change what it logs, for a time or until it ends
    #[command(after_help = EXAMPLES)]
    Log(Log),
}

#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

#[derive(Debug, Args)]
pub struct Log {
    /// Level, also per module: info, or warn,usher::journal=debug
    pub filter: String,
    /// For how long, from 1s to 7days; then it is as it was before [default: for good]
    #[arg(long = "for", value_name = "DURATION")]
    pub time: Option<String>,
    #[command(flatten)]
    pub connection: ConnectionArgs,
}
