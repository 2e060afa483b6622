//! Commands that call a running server, and the options that all of them have.

use clap::builder::{BoolishValueParser, NonEmptyStringValueParser};
use clap::{Args, Subcommand};

use super::{audit, notifications, organizations, policy, seats, server, sessions, tenants, token, usage, users};

#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// List, show, make, change, rename, block, unblock and delete users
    #[command(subcommand, after_help = users::EXAMPLES)]
    Users(users::Users),
    /// Grant and recall seats of many users in several pools
    #[command(subcommand, after_help = seats::EXAMPLES)]
    Seats(seats::Seats),
    /// List, close and watch live sessions
    #[command(subcommand, after_help = sessions::EXAMPLES)]
    Sessions(sessions::Sessions),
    /// List, make, rename and delete the organizations of a tenant
    #[command(subcommand, after_help = organizations::EXAMPLES)]
    Organizations(organizations::Organizations),
    /// Show and change the rules of a tenant, and who is told when seats run out
    #[command(subcommand, after_help = policy::EXAMPLES)]
    Policy(policy::Policy),
    /// Show what a tenant uses of what it bought: seats of each pool, users, and how its license stands
    #[command(after_help = usage::EXAMPLE)]
    Usage(usage::Usage),
    /// List who did what, and when; write it as a file
    #[command(subcommand, after_help = audit::EXAMPLES)]
    Audit(audit::Audit),
    /// What people were told, such as that no seat was free, and whether it reached them
    #[command(subcommand, after_help = notifications::EXAMPLES)]
    Notifications(notifications::Notifications),
    /// List, make, change, suspend, resume and delete tenants
    #[command(subcommand, after_help = tenants::EXAMPLES)]
    Tenants(tenants::Tenants),
    /// The process that answers: what it is, and what it logs
    #[command(subcommand, after_help = server::EXAMPLES)]
    Server(server::Server),
    /// Make, list and revoke API tokens
    #[command(subcommand, after_help = token::EXAMPLES)]
    Token(token::Token),
}

/// Whom to ask about which tenant.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub struct TenantArgs {
    /// The tenant
    #[arg(long, value_name = "ID", env = "USHER_TENANT", value_parser = NonEmptyStringValueParser::new())]
    pub tenant: String,
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// Whom to ask, and how the answer is to look.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectionArgs {
    /// Address of the gRPC API
    #[arg(long, value_name = "HOST:PORT", env = "USHER_ADDRESS", default_value = "127.0.0.1:50051")]
    pub address: String,
    /// How long to wait for an answer; of a long list, for each of its pages
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    pub timeout: String,
    /// Speak TLS. The Usher's certificate is one that this machine trusts
    #[arg(long, env = "USHER_TLS", value_parser = BoolishValueParser::new())]
    pub tls: bool,
    /// Speak TLS, and trust certificates that are signed by one of these, in PEM
    #[arg(long, value_name = "FILE", env = "USHER_TLS_CA")]
    pub tls_ca: Option<String>,
    /// Client certificate in PEM, by which the Usher knows who asks
    #[arg(long, value_name = "FILE", env = "USHER_CLIENT_CERT")]
    pub client_cert: Option<String>,
    /// Private key of that certificate
    #[arg(long, value_name = "FILE", env = "USHER_CLIENT_KEY")]
    pub client_key: Option<String>,
    /// File that holds a token, by which the Usher knows who asks. The token itself as USHER_TOKEN
    #[arg(long, value_name = "FILE", env = "USHER_TOKEN_FILE")]
    pub token_file: Option<String>,
    /// Answer in JSON: the answer of the call, its fields named as in the contract
    #[arg(long)]
    pub json: bool,
}
