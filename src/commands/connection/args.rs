//! The options that all commands have that call a running server.

use clap::Args;
use clap::builder::{BoolishValueParser, NonEmptyStringValueParser};

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
