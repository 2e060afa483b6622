//! The stream of ExportAuditEvents: a page of events at a time, and no more of them in memory than the client takes.

use futures_util::{Stream, stream};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::csv::CsvWriter;
use super::parse::{AuditExport, AuditForm};
use super::tenant_access::TenantAccess;
use super::{render, status};
use crate::auth::shares::Permit;
use crate::ids::TenantId;
use crate::journal::{AuditFilter, AuditPage};
use crate::ledger::change::AuditEvent;
use crate::opaque_id::IdCodec;
use crate::proto::v1;

/// One export under way.
pub struct Exporting {
    access: TenantAccess,
    ids: IdCodec,
    shutdown: CancellationToken,
    filter: AuditFilter,
    file: File,
    over: bool,
    _permit: Permit,
}

/// What was written and not sent.
enum File {
    Csv(Box<CsvWriter>, Vec<render::AuditColumn>),
    JsonLines(Vec<u8>),
}

impl Exporting {
    pub fn new(access: TenantAccess, export: AuditExport, shutdown: CancellationToken, permit: Permit) -> Self {
        let AuditExport { filter, form, .. } = export;
        let ids = access.event_ids();
        Self { access, ids, shutdown, filter, file: File::new(form), over: false, _permit: permit }
    }

    /// The pieces of the file. Nothing is read ahead: a client that takes its time costs a page of memory, and one that
    /// goes away ends it.
    pub fn stream(self) -> impl Stream<Item = Result<v1::ExportAuditEventsResponse, Status>> {
        stream::try_unfold(self, |mut this| async move {
            let chunk = this.next_chunk().await?;
            Ok(chunk.map(|data| (v1::ExportAuditEventsResponse { data }, this)))
        })
    }

    /// The next piece; `None` after the last one. A page in which nothing was found is none.
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
