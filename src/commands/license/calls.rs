//! `usher license`: the commands that call a running server, so that nobody needs another program to send a license
//! file.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::connection::TenantArgs;
use super::license::EXAMPLES;

#[derive(Debug, Subcommand)]
pub enum Call {
    /// Ask a running Usher for a document that asks the vendor for more seats, a move of seats, or a renewal; with --send it
    /// goes to the vendor at once
    #[command(after_help = EXAMPLES)]
    Request(Request),
    /// Show what was bought and what is in use: the license page
    #[command(after_help = EXAMPLES)]
    Show(Show),
    /// Have a running Usher look for a newer license in the vendor's folder, and install it: exit code 10 when it is refused
    #[command(after_help = EXAMPLES)]
    Fetch(Fetch),
    /// Install a license: exit code 10 when it is refused
    #[command(after_help = EXAMPLES)]
    Install(Install),
    /// List a tenant's licenses, each with its revisions
    #[command(after_help = EXAMPLES)]
    List(List),
    /// Delete a license, or all of them: nobody is thrown out, and nothing new is granted beyond what is left
    #[command(after_help = EXAMPLES)]
    Delete(Delete),
}

#[derive(Debug, Args)]
pub struct Request {
    #[command(flatten)]
    pub scope: TenantArgs,
    /// Seats to add to pools: primary=10,crm=7. The tenant's policy sets the smallest number, 5 unless told otherwise
    #[arg(long, value_name = "POOL=SEATS", value_delimiter = ',')]
    pub seats: Vec<String>,
    /// Seats to move from one pool to another, any number: crm:primary=2 takes 2 from crm and puts them into primary
    #[arg(long = "move", value_name = "FROM:TO=SEATS", value_delimiter = ',')]
    pub moves: Vec<String>,
    /// The version of Usher to update to
    #[arg(long, value_name = "VERSION")]
    pub target_version: Option<String>,
    /// The customer's id with the vendor, for a first request; later ones say what the license says
    #[arg(long, value_name = "ID")]
    pub customer_id: Option<String>,
    /// Send it to the vendor by mail, to the address that the server has (--license-request-to); the answer goes to the
    /// tenant's responsible person
    #[arg(long)]
    pub send: bool,
    /// File for the request, such as acme.tlr [default: standard output, or none with --send]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Overwrite --out
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    pub scope: TenantArgs,
}

#[derive(Debug, Args)]
pub struct Fetch {
    #[command(flatten)]
    pub scope: TenantArgs,
}

#[derive(Debug, Args)]
pub struct Install {
    /// The license, also as it stands in a mail, with text around it; - is standard input
    pub file: PathBuf,
    #[command(flatten)]
    pub scope: TenantArgs,
}

#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    pub scope: TenantArgs,
}

#[derive(Debug, Args)]
pub struct Delete {
    /// Which license
    #[arg(value_name = "LICENSE", required_unless_present = "all", conflicts_with = "all")]
    pub license: Option<String>,
    /// All of them: the tenant is in demo mode then. Nobody asks whether you mean it
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub scope: TenantArgs,
}
