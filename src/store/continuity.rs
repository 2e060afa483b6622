//! Binary format of a shard's [`Continuity`] in both stores, big-endian: format version (1 byte), machine id (16,
//! zeros: none), its monotonic clock (8); then for each offset of the wall clock, oldest first, the tick (8) and the
//! milliseconds (8). An empty value means that nothing is known, as after an older release.

use super::StoreError;
use crate::ledger::continuity::{Boot, Continuity};
use crate::ledger::time::Tick;
use crate::ledger::wall_line::ClockOffset;

const FORMAT: u8 = 1;
const BOOT: usize = 1 + 24;
const OFFSET: usize = 16;

/// Encodes a continuity in the format above.
#[must_use]
pub fn to_bytes(continuity: &Continuity) -> Vec<u8> {
    let (offsets, boot) = (continuity.offsets.as_slice(), continuity.boot);
    if offsets.is_empty() && boot.is_none() {
        return Vec::new();
    }
    let mut bytes = Vec::with_capacity(BOOT + OFFSET * offsets.len());
    bytes.push(FORMAT);
    bytes.extend(boot.map_or(0, |boot| boot.id).to_be_bytes());
    bytes.extend(boot.map_or(0, |boot| boot.at).to_be_bytes());
    for offset in offsets {
        bytes.extend(offset.from.0.to_be_bytes());
        bytes.extend(offset.ms.to_be_bytes());
    }
    bytes
}

/// # Errors
/// `bytes` is not a value that [`to_bytes`] writes.
pub fn from_bytes(bytes: &[u8]) -> Result<Continuity, StoreError> {
    if bytes.is_empty() {
        return Ok(Continuity::default());
    }
    let odd = || StoreError(format!("shards.continuity: {} bytes are none that Usher wrote", bytes.len()));
    let ([FORMAT, boot @ ..], offsets) = bytes.split_at_checked(BOOT).ok_or_else(odd)? else { return Err(odd()) };
    let (offsets, []) = offsets.as_chunks::<OFFSET>() else { return Err(odd()) };
    let id = boot[..16].iter().fold(0, |id, byte| id << 8 | u128::from(*byte));
    let boot = (id != 0).then_some(Boot { id, at: number(&boot[16..]) });
    let offset =
        |bytes: &[u8; OFFSET]| ClockOffset { from: Tick(number(&bytes[..8])), ms: number(&bytes[8..]).cast_signed() };
    Ok(Continuity::new(boot, &offsets.iter().map(offset).collect::<Vec<_>>()))
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let offsets = [ClockOffset { from: Tick(1), ms: i64::MIN }, ClockOffset { from: Tick(u64::MAX), ms: 2 }];
        for boot in [None, Some(Boot { id: 1 << 127 | 5, at: 1 << 40 })] {
            for offsets in [&offsets[..0], &offsets[..1], &offsets] {
                let continuity = Continuity::new(boot, offsets);
                assert_eq!(from_bytes(&to_bytes(&continuity)), Ok(continuity));
            }
        }
        for wrong in [1, 24, 26, 40, 42] {
            assert!(from_bytes(&vec![1; wrong]).is_err(), "{wrong} bytes");
        }
        assert!(from_bytes(&[2; 25]).is_err(), "another format");
    }
}
