//! Stream of ExportAuditEvents: reads one page of events at a time, and holds at most one page in memory.

use futures_util::{Stream, stream};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::audit_column::AuditColumn;
use super::csv::CsvWriter;
use super::parse::{AuditExport, AuditForm};
use super::render;
use super::tenant_access::TenantAccess;
use crate::auth::shares::Permit;
use crate::ids::TenantId;
use crate::journal::{AuditFilter, AuditPage};
use crate::ledger::change::AuditEvent;
use crate::opaque_id::IdCodec;
use crate::proto::v1;
use crate::status;

/// An export in progress.
pub struct Exporting {
    access: TenantAccess,
    ids: IdCodec,
    shutdown: CancellationToken,
    filter: AuditFilter,
    file: File,
    over: bool,
    _permit: Permit,
}

/// Bytes that were written and not sent yet.
enum File {
    Csv(Box<CsvWriter>, Vec<AuditColumn>),
    JsonLines(Vec<u8>),
}

impl Exporting {
    pub fn new(access: TenantAccess, export: AuditExport, shutdown: CancellationToken, permit: Permit) -> Self {
        let AuditExport { filter, form, .. } = export;
        let ids = access.event_ids();
        Self { access, ids, shutdown, filter, file: File::new(form), over: false, _permit: permit }
    }

    /// Returns the chunks of the file. Nothing is read ahead: a slow client costs one page of memory, and when the
    /// client goes away the export ends.
    pub fn stream(self) -> impl Stream<Item = Result<v1::ExportAuditEventsResponse, Status>> {
        stream::try_unfold(self, |mut this| async move {
            let chunk = this.next_chunk().await?;
            Ok(chunk.map(|data| (v1::ExportAuditEventsResponse { data }, this)))
        })
    }

    /// Returns the next chunk; `None` after the last one. A page without events makes no chunk.
    async fn next_chunk(&mut self) -> Result<Option<Vec<u8>>, Status> {
        while !self.over {
            let page = tokio::select! {
                biased;
                () = self.shutdown.cancelled() => return Err(status::export_broken_off()),
                page = self.access.audit(self.filter.clone()) => page?,
            };
            let AuditPage { events, next, .. } = page;
            self.filter.before = next;
            self.over = next.is_none();
            let data = self.file.write(self.access.tenant(), &self.ids, events);
            if !data.is_empty() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
}

impl File {
    fn new(form: AuditForm) -> Self {
        let AuditForm::Csv { columns, delimiter, mark } = form else { return Self::JsonLines(Vec::new()) };
        let mut csv = CsvWriter::new(delimiter, mark);
        csv.row(columns.iter().map(|(name, _)| name));
        Self::Csv(Box::new(csv), columns.into_iter().map(|(_, column)| column).collect())
    }

    fn write(&mut self, tenant: &TenantId, ids: &IdCodec, events: Vec<AuditEvent>) -> Vec<u8> {
        match self {
            File::Csv(csv, columns) => {
                events.into_iter().for_each(|event| csv.row(render::audit_cells(tenant, ids, event, columns)));
                csv.take()
            }
            File::JsonLines(lines) => {
                for event in events {
                    lines.extend(render::audit_json(tenant, ids, event).into_bytes());
                    lines.push(b'\n');
                }
                std::mem::take(lines)
            }
        }
    }
}
