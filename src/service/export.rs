//! Stream of ExportUsers: reads one page of users at a time, and holds at most one page in memory.

use futures_util::{Stream, stream};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::csv::CsvWriter;
use super::parse::{Column, Export};
use super::render;
use super::tenant_access::TenantAccess;
use crate::auth::shares::Permit;
use crate::proto::v1::ExportUsersResponse;
use crate::status;

/// An export in progress.
pub struct Exporting {
    access: TenantAccess,
    export: Export,
    shutdown: CancellationToken,
    csv: CsvWriter,
    over: bool,
    _permit: Permit,
}

impl Exporting {
    pub fn new(access: TenantAccess, export: Export, shutdown: CancellationToken, permit: Permit) -> Self {
        let mut csv = CsvWriter::new(export.delimiter, export.mark);
        csv.row(export.columns.iter().map(|(name, _)| name));
        Self { access, export, shutdown, csv, over: false, _permit: permit }
    }

    /// Returns the chunks of the file, one for each page; the first one begins with the header.
    pub fn stream(self) -> impl Stream<Item = Result<ExportUsersResponse, Status>> {
        stream::try_unfold(self, |mut this| async move {
            let chunk = this.next_chunk().await?;
            Ok(chunk.map(|data| (ExportUsersResponse { data }, this)))
        })
    }

    async fn next_chunk(&mut self) -> Result<Option<Vec<u8>>, Status> {
        if self.over {
            return Ok(None);
        }
        let Export { query, columns, .. } = &mut self.export;
        let page = tokio::select! {
            biased;
            () = self.shutdown.cancelled() => return Err(status::export_broken_off()),
            page = self.access.query(query.clone()) => page??,
        };
        let columns: Vec<&Column> = columns.iter().map(|(_, column)| column).collect();
        for view in page.rows {
            self.csv.row(render::user_cells(view, columns.iter().copied()));
        }
        query.after = page.next;
        self.over = query.after.is_none();
        Ok(Some(self.csv.take()))
    }
}
