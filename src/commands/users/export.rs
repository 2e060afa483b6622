//! `usher users export`: writes users as a CSV file to standard output.

use clap::Args;
use tonic::Request;

use super::delimiter::Delimiter;
use super::filters::{Filters, filtered};
use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::Printer;
use crate::commands::output::progress::Progress;
use crate::failure::Failure;
use crate::proto::v1::{ExportUsersRequest, ListUsersRequest};

pub const EXAMPLES: &str = "\
Examples:
  Everybody
    usher users export --tenant acme > users.csv
  Whom to invite again, for a spreadsheet of a country with commas in numbers
    usher users export --tenant acme --never-signed-in --delimiter ';' --bom \\
      --columns email,given_name > invite.csv

Columns: user_id, email (the same), given_name, family_name, groups,
administrator, account_state (yes: may sign in), block_cause, pools,
organizations (* is all; POOL=ORGANIZATION where it differs by pool), status,
default_organization_id, last_sign_in_at, last_activity_at, created_at and
attributes.NAME. Cells that a spreadsheet would take for a formula begin with an
apostrophe; an import takes it away again, and changes nothing.";

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The columns in the order wanted, with commas between them
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// What stands between two cells
    #[arg(long, value_name = "CHARACTER", default_value = ",")]
    pub delimiter: Delimiter,
    /// Begin with a byte order mark, without which some spreadsheets take UTF-8 for something else
    #[arg(long)]
    pub bom: bool,
    #[command(flatten)]
    pub filters: Filters,
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Writes the file as it arrives, and keeps nothing in memory.
///
/// # Errors
/// [`Failure`]; what was written before stays, and is incomplete.
pub async fn run(args: &ExportArgs) -> Result<(), Failure> {
    call_tenant(&args.scope, async |usher, printer| export(usher, printer, args).await).await
}

async fn export(usher: &Usher, printer: &mut Printer, args: &ExportArgs) -> Result<(), Error> {
    let mut chunks = usher.answer(usher.directory().export_users(Request::new(wanted(usher, args)))).await?;
    let progress = Progress::counting("lines");
    let mut lines = 0;
    while let Some(chunk) = usher.next_chunk(chunks.message()).await? {
        lines += chunk.data.iter().filter(|byte| **byte == b'\n').count();
        progress.at(lines);
        printer.bytes(&chunk.data)?;
    }
    Ok(())
}

fn wanted(usher: &Usher, args: &ExportArgs) -> ExportUsersRequest {
    let ListUsersRequest {
        tenant_id,
        text,
        text_match,
        state,
        statuses,
        organization_id,
        group,
        pool_id,
        administrator,
        never_signed_in,
        user_id,
        name,
        block_cause,
        last_sign_in_from,
        last_sign_in_before,
        created_from,
        created_before,
        page_size: _,
        page_token: _,
        order_by: _,
    } = filtered(usher, &args.filters);
    ExportUsersRequest {
        tenant_id,
        columns: args.columns.clone(),
        delimiter: args.delimiter.text().to_owned(),
        byte_order_mark: args.bom,
        text,
        text_match,
        state,
        statuses,
        organization_id,
        group,
        pool_id,
        administrator,
        never_signed_in,
        user_id,
        name,
        block_cause,
        last_sign_in_from,
        last_sign_in_before,
        created_from,
        created_before,
    }
}
