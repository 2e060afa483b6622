//! `usher audit export`

use std::fs::File;
use std::path::PathBuf;

use clap::Args;

use super::filters::{Filters, list_request};
use super::scope::{AuditScope, call};
use crate::commands::connection::Usher;
use crate::commands::error::Error;
use crate::commands::output::Printer;
use crate::commands::output::progress::Progress;
use crate::failure::Failure;
use crate::proto::v1::{AuditExportFormat, ExportAuditEventsRequest, ListAuditEventsRequest};

#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    pub filters: Filters,
    /// The columns of CSV, in the order wanted: fields of an event, as `usher audit list --json` names them
    /// [default: all]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', conflicts_with = "json")]
    pub columns: Vec<String>,
    /// Between two cells of CSV: , or ;
    #[arg(long, value_name = "CHARACTER", default_value = ",", conflicts_with = "json")]
    pub delimiter: String,
    /// Begin CSV with a byte order mark, without which some spreadsheets take UTF-8 for something else
    #[arg(long, conflicts_with = "json")]
    pub bom: bool,
    /// The file, which is overwritten [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub scope: AuditScope,
}

/// Exports to standard output, or to a file, which is created once the server is connected.
pub async fn run(args: &ExportArgs) -> Result<(), Failure> {
    call(&args.scope, async |usher, printer| {
        let Some(path) = &args.output else { return export(usher, printer, args).await };
        let unusable = |error| Error::Refused(format!("--output {}: {error}", path.display()));
        let file = File::create(path).map_err(unusable)?;
        export(usher, &mut Printer::new(false, None, file), args).await
    })
    .await
}

/// Writes the events as they arrive, and keeps none in memory.
///
/// # Errors
/// [`Error`]; what was written before stays, and is incomplete.
async fn export(usher: &Usher, printer: &mut Printer, args: &ExportArgs) -> Result<(), Error> {
    let ListAuditEventsRequest {
        user_id,
        actor,
        action,
        outcome,
        reason,
        occurred_from,
        occurred_before,
        pool_id,
        session_id,
        organization_id,
        count_at_least,
        detail,
        tenant_id: _,
        page_size: _,
        page_token: _,
        order_by: _,
    } = list_request(&args.filters)?;
    let json = args.scope.connection.json;
    let request = ExportAuditEventsRequest {
        tenant_id: usher.tenant.clone(),
        format: if json { AuditExportFormat::JsonLines } else { AuditExportFormat::Csv }.into(),
        columns: args.columns.clone(),
        delimiter: if json { String::new() } else { args.delimiter.clone() },
        byte_order_mark: args.bom,
        user_id,
        actor,
        action,
        outcome,
        reason,
        occurred_from,
        occurred_before,
        pool_id,
        session_id,
        organization_id,
        count_at_least,
        detail,
    };
    // The timeout applies to each chunk, because a whole export may take longer.
    let mut chunks = usher.answer(usher.audit().export_audit_events(request)).await?;
    let progress = Progress::counting("events");
    let mut lines = 0;
    while let Some(chunk) = usher.next_chunk(chunks.message()).await? {
        lines += chunk.data.iter().filter(|byte| **byte == b'\n').count();
        progress.at(lines);
        printer.bytes(&chunk.data)?;
    }
    Ok(())
}
