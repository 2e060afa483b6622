//! `usher token revoke`

use clap::Args;

use super::text::summary;
use crate::commands::connection::{ConnectionArgs, INSTALLATION, Usher, call_for};
use crate::commands::error::Error;
use crate::commands::output::{Printer, Rendered};
use crate::failure::Failure;
use crate::proto::v1::RevokeTokenRequest;

#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// Its id, as `usher token list` shows it
    #[arg(value_name = "ID")]
    pub id: String,
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// Revokes a token.
pub async fn run(args: &RevokeArgs) -> Result<(), Failure> {
    call_for(INSTALLATION, &args.connection, async |usher, printer| revoke(usher, printer, args).await).await
}

async fn revoke(usher: &Usher, printer: &mut Printer, args: &RevokeArgs) -> Result<(), Error> {
    let request = usher.request(RevokeTokenRequest { token_id: args.id.clone() });
    let answer = usher.answer(usher.tokens().revoke_token(request)).await?;
    let token = answer.token.clone().unwrap_or_default();
    printer.print(&Rendered::new(&answer, summary(&token)))
}
