//! What asks a running Usher, and what all of that has in common.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

use super::{audit, notifications, seats, server, sessions, token, usage, users};

#[derive(Debug, Subcommand)]
pub enum Ask {
    /// List, show, make, block, unblock and delete users
    #[command(subcommand, after_help = users::EXAMPLES)]
    Users(users::Users),
    /// Grant and recall seats of many users in several pools
    #[command(subcommand, after_help = seats::EXAMPLES)]
    Seats(seats::Seats),
    /// List, close and watch live sessions
    #[command(subcommand, after_help = sessions::EXAMPLES)]
    Sessions(sessions::Sessions),
    /// Show what a tenant uses of what it bought: seats of each pool, users, and how its license stands
    #[command(after_help = usage::EXAMPLE)]
    Usage(usage::Usage),
    /// List who did what, and when; write it as a file
    #[command(subcommand, after_help = audit::EXAMPLES)]
    Audit(audit::Audit),
    /// What people were told, such as that no seat was free, and whether it reached them
    #[command(subcommand, after_help = notifications::EXAMPLES)]
    Notifications(notifications::Notifications),
    /// The process that answers: what it is, and what it logs
    #[command(subcommand, after_help = server::EXAMPLES)]
    Server(server::Server),
    /// Make, list and revoke API tokens
    #[command(subcommand, after_help = token::EXAMPLES)]
    Token(token::Token),
}

/// Whom to ask about which tenant.
#[derive(Debug, Args)]
#[command(next_help_heading = "Whom to ask")]
pub struct Asked {
    /// The tenant
    #[arg(long, value_name = "ID", env = "USHER_TENANT", value_parser = NonEmptyStringValueParser::new())]
    pub tenant: String,
    #[command(flatten)]
    pub reach: Reach,
}

/// Whom to ask, and how the answer is to look.
#[derive(Debug, Args)]
#[command(next_help_heading = "Whom to ask")]
pub struct Reach {
    /// Address of the gRPC API, plaintext
    #[arg(long, value_name = "HOST:PORT", env = "USHER_ADDRESS", default_value = "127.0.0.1:50051")]
    pub address: String,
    /// How long to wait for an answer; of a long list, for each of its pages
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    pub timeout: String,
    /// Answer in JSON: the answer of the call, its fields named as in the contract
    #[arg(long)]
    pub json: bool,
}
