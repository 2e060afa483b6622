//! Compact binary form of a committed batch's rows, from a shard's owner to the process that follows it. It is made
//! from the lists of columns ([`super::table`]), as the statements of the stores are.
//!
//! It is sent and never stored, so there is one version: the bytes begin with a fingerprint of all columns, and a
//! process with other columns refuses them. A process that cannot follow loads from the store instead.
//!
//! Format: the fingerprint (8 bytes); epoch, batch, last tenant and last event (numbers, see [`bytes`]); then each row
//! ([`rows`]).

mod bytes;
mod rows;

use std::sync::LazyLock;

use self::bytes::{Bytes, put_number};
use super::table::{Column, TABLES};
use super::{Batch, Owner, StoreError};
use crate::ids::{Epoch, EventNo, Seq, TenantNo};
use crate::ledger::change::Change;

/// A committed batch, as a follower of the shard needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct FollowedBatch {
    /// Epoch of the owner who committed it.
    pub epoch: Epoch,
    pub seq: Seq,
    /// Highest tenant number, and highest number of an audit event, as of this batch.
    pub last_tenant: TenantNo,
    pub last_event: EventNo,
    /// Ordered as in [`Batch::rows`].
    pub rows: Vec<Change>,
}

/// Fingerprint (FNV-1a) of the columns of all tables.
static COLUMNS: LazyLock<u64> = LazyLock::new(|| {
    let column = |column: &Column| [column.name, column.sql_type];
    let texts =
        TABLES.iter().flat_map(|table| std::iter::once(table.name).chain(table.columns.iter().flat_map(column)));
    let bytes = texts.flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
});

/// Encodes a batch that `owner` has committed.
#[must_use]
pub fn encode(owner: Owner, batch: &Batch) -> Vec<u8> {
    let position = &batch.position;
    let mut out = Vec::with_capacity(64 + 128 * batch.rows.len());
    out.extend(COLUMNS.to_le_bytes());
    for number in [
        owner.epoch.0.cast_unsigned(),
        position.seq.0.cast_unsigned(),
        position.last_tenant.0.into(),
        position.last_event.0,
    ] {
        put_number(&mut out, number);
    }
    batch.rows.iter().for_each(|row| rows::put(&mut out, row));
    out
}

/// # Errors
/// The bytes are not what [`encode`] makes in a process with the same columns.
pub fn decode(bytes: &[u8]) -> Result<FollowedBatch, StoreError> {
    let mut bytes = Bytes(bytes);
    if bytes.take::<8>()? != COLUMNS.to_le_bytes() {
        return Err(StoreError("a batch of a release with other columns".into()));
    }
    let (epoch, seq) = (bytes.number()?.cast_signed(), bytes.number()?.cast_signed());
    let last_tenant = bytes.small()?;
    let last_event = EventNo(bytes.number()?);
    let mut list = Vec::new();
    while !bytes.0.is_empty() {
        list.push(rows::read(&mut bytes)?);
    }
    Ok(FollowedBatch { epoch: Epoch(epoch), seq: Seq(seq), last_tenant: TenantNo(last_tenant), last_event, rows: list })
}
