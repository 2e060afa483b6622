//! The stream of ExportUsers: a page of users at a time, and no more of them in memory than the client takes.

use std::sync::Arc;

use futures_util::{Stream, stream};
use tonic::Status;

use super::context::ServiceContext;
use super::csv::CsvWriter;
use super::parse::{Column, Export};
use super::render;

/// The pieces of the file; each is a page, the first one has the header.
pub fn export(
    context: Arc<ServiceContext>,
    export: Export,
) -> impl Stream<Item = Result<crate::proto::v1::ExportUsersResponse, Status>> {
    let mut csv = CsvWriter::new(export.delimiter);
    csv.row(export.columns.iter().map(|(name, _)| name));
    stream::try_unfold(Some((context, export, csv)), |state| async move {
        let Some((context, mut export, mut csv)) = state else { return Ok(None) };
        let page = context.journal.ask(&export.tenant, export.query.clone()).await??;
        let columns: Vec<&Column> = export.columns.iter().map(|(_, column)| column).collect();
        for view in page.rows {
            csv.row(render::user_cells(view, export.query.organization.as_ref(), columns.iter().copied()));
        }
        let data = csv.take();
        export.query.after = page.next;
        let more = export.query.after.is_some();
        Ok(Some((crate::proto::v1::ExportUsersResponse { data }, more.then_some((context, export, csv)))))
    })
}
