//! `usher server`: commands about a running server process and its nodes.

mod log;
mod nodes;
mod show;

use clap::Subcommand;

use crate::failure::Failure;

pub const EXAMPLES: &str = "\
Examples:
  What runs there, since when, and what it logs
    usher server show
  Which processes serve together, and which of them owns which shards
    usher server nodes
  A line for each decision about a login, for ten minutes
    usher server log info,usher::decisions=debug --for 10m
  Less, until it ends
    usher server log warn";

#[derive(Debug, Subcommand)]
pub enum Server {
    /// Show its version, since when it runs, where its data are and what it logs
    #[command(after_help = EXAMPLES)]
    Show(show::ShowArgs),
    /// List the nodes: the processes that share its store, with their shards and their last heartbeats
    #[command(after_help = EXAMPLES)]
    Nodes(nodes::NodesArgs),
    /// Change what it logs, for a time or until it ends
    #[command(after_help = EXAMPLES)]
    Log(log::LogArgs),
}

impl Server {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn run(&self) -> Result<(), Failure> {
        match self {
            Server::Show(args) => show::run(args).await,
            Server::Nodes(args) => nodes::run(args).await,
            Server::Log(args) => log::run(args).await,
        }
    }
}
