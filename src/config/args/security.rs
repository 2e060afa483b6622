//! Options of `usher serve` for API security: TLS, credentials, rate limits.

use clap::Args;
use clap::builder::BoolishValueParser;

#[derive(Debug, Args)]
#[command(next_help_heading = "Authentication and authorization")]
pub struct Security {
    /// Certificate of the API in PEM, with what is between it and a root: the API speaks TLS, and nothing else. Read
    /// again on SIGHUP and when it changes
    #[arg(long, value_name = "FILE", env = "USHER_TLS_CERT")]
    pub tls_cert: Option<String>,
    /// Private key of that certificate in PEM
    #[arg(long, value_name = "FILE", env = "USHER_TLS_KEY")]
    pub tls_key: Option<String>,
    /// Certificates in PEM that clients' certificates are signed with. Whom each client's stands for, --access says
    #[arg(long, value_name = "FILE", env = "USHER_TLS_CLIENT_CA")]
    pub tls_client_ca: Option<String>,
    /// Revocation lists in PEM, one of each issuer of clients' certificates
    #[arg(long, value_name = "FILE", env = "USHER_TLS_CLIENT_CRL")]
    pub tls_client_crl: Option<String>,
    /// Allow TLS 1.2, beside 1.3
    #[arg(long = "tls-1-2", env = "USHER_TLS_1_2", value_parser = BoolishValueParser::new())]
    pub tls12: bool,
    /// File that holds a token, as `usher token generate` makes them, that may do everything: to make others with. The
    /// token itself as USHER_ADMIN_TOKEN
    #[arg(long, value_name = "FILE", env = "USHER_ADMIN_TOKEN_FILE")]
    pub admin_token_file: Option<String>,
    /// Whom certificates and the tokens of an identity provider (OIDC) stand for, in TOML. Read again on SIGHUP
    #[arg(long, value_name = "FILE", env = "USHER_ACCESS")]
    pub access: Option<String>,
    /// Refuse calls without a credential. So it is with --admin-token-file or --access
    #[arg(long, env = "USHER_AUTHENTICATE", value_parser = BoolishValueParser::new())]
    pub authenticate: bool,
    /// Let everybody who reaches --listen call everything, from other machines too
    #[arg(long, env = "USHER_INSECURE", value_parser = BoolishValueParser::new())]
    pub insecure: bool,
    /// Check-outs of one caller, such as 1000/s: so many at once, and then again as time passes. Without it any number
    #[arg(long, value_name = "RATE", env = "USHER_CHECK_OUT_RATE_PER_CALLER")]
    pub check_out_rate_per_caller: Option<String>,
    /// Check-outs of one user, such as 10/m
    #[arg(long, value_name = "RATE", env = "USHER_CHECK_OUT_RATE_PER_USER")]
    pub check_out_rate_per_user: Option<String>,
}
