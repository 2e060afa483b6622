//! `usher users export`: writes users as a CSV file to standard output.

use tonic::Request;

use super::super::progress::Progress;
use super::super::{Error, Printer, Usher};
use super::list::filtered;
use crate::cli::users_files::Export;
use crate::proto::v1::{ExportUsersRequest, ListUsersRequest};

/// Writes the file as it arrives, and keeps nothing in memory.
///
/// # Errors
/// [`Error`]; what was written before stays, and is incomplete.
pub async fn export(usher: &Usher, printer: &mut Printer, args: &Export) -> Result<(), Error> {
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

fn wanted(usher: &Usher, args: &Export) -> ExportUsersRequest {
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
