//! Whose events a command is about.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::commands::connection::{ConnectionArgs, INSTALLATION, Usher, call_for};
use crate::commands::error::Error;
use crate::commands::output::Printer;
use crate::failure::Failure;

/// Whom to ask about whose events, and how the answer is to look.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub struct AuditScope {
    /// The tenant
    #[arg(long, value_name = "ID", env = "USHER_TENANT", value_parser = NonEmptyStringValueParser::new())]
    #[arg(required_unless_present = "installation")]
    pub tenant: Option<String>,
    /// Instead, the events of no tenant: of API tokens, and of calls for tenants that do not exist
    #[arg(long)]
    pub installation: bool,
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// Runs a command about the audit of a tenant, or of the installation; for the latter, a tenant named in the
/// environment is ignored.
pub async fn call(
    scope: &AuditScope,
    work: impl AsyncFnOnce(&Usher, &mut Printer) -> Result<(), Error>,
) -> Result<(), Failure> {
    let tenant = scope.tenant.as_deref().filter(|_| !scope.installation).unwrap_or(INSTALLATION);
    call_for(tenant, &scope.connection, work).await
}
