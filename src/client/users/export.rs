//! `usher users export`: users as a CSV file, on standard output.

use tonic::Request;

use super::super::progress::Progress;
use super::super::{Error, Printer, Usher};
use crate::proto::v1::ExportUsersRequest;

/// Writes the file as it comes; nothing is kept of it.
///
/// # Errors
/// [`Error`]; what was written before stays, and is not the whole file.
pub async fn export(usher: &Usher, printer: &mut Printer, ask: ExportUsersRequest) -> Result<(), Error> {
    let ask = ExportUsersRequest { tenant_id: usher.tenant.clone(), ..ask };
    let mut pieces = usher.answer(usher.directory().export_users(Request::new(ask))).await?;
    let progress = Progress::counting("lines");
    let mut lines = 0;
    // A piece that does not come in time is no end of the file.
    while let Some(piece) = usher.next_piece(pieces.message()).await? {
        lines += piece.data.iter().filter(|byte| **byte == b'\n').count();
        progress.at(lines);
        printer.bytes(&piece.data)?;
    }
    Ok(())
}
